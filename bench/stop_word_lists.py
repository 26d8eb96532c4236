"""Builds the stop words of thirteen languages, ``src/reviewdesk/text/stop_words.json``.

They are the words that the lists of spaCy 3.8 and of stopwords-iso (both MIT) have in common,
and a few of our own (``MORE``), without words that praise or blame, and with the words that turn a
meaning round apart.

    pip download --no-deps spacy==3.8.18 stopwordsiso==0.7.1
    python -m bench.stop_word_lists spacy-*.whl stopwordsiso-*.whl
"""

import ast
import json
import sys
import unicodedata
import zipfile
from pathlib import Path
from typing import Final

from reviewdesk.text.stop_words import FILE

NEGATIONS: Final = {
    "de": "nicht kein keine keinem keinen keiner keines nie niemals ohne weder nichts",
    "fr": "ne pas jamais sans ni aucun aucune rien plus",
    "es": "no nunca jamás sin ni ningún ninguna ninguno tampoco nada",
    "it": "non mai senza né nessun nessuna nessuno niente nulla",
    "pt": "não nunca jamais sem nem nenhum nenhuma nada",
    "nl": "niet geen nooit zonder niets noch",
    "id": "tidak bukan belum jangan tanpa tak enggak kurang gak ga nggak tdk gk",
    "ru": "не нет ни без никогда нельзя ничего",
    "ar": "لا لم لن ليس ليست غير بدون ما ولا",
    "zh": "不 没 没有 无 非 别",
    "ja": "ない なく なかっ ず",
    "ko": "안 못 않 없이 아니",
    "th": "ไม่ ไม",
}
"""Words that say little alone and everything before another word."""

WEIGHING: Final = {
    "de": "besser besten bekannt besonders ehrlich gern gut gute guten guter gutes gross grosse "
    "grosser großer große großen großes groß leicht lieber kleine kleinen kleiner kleines "
    "kurz lang lange genug neue neuen offen recht rechte rechten rechter rechtes richtig "
    "satt schlecht tel trotzdem wenig weniger zurück natürlich wirklich sehr hoch möglich "
    "früher später",
    "fr": "bas debout excepté juste longtemps merci moindres nouveau nul ouvert ouverte ouverts "
    "proche retour stop suffisant suffisante suffit trop seul seule",
    "es": "apenas bien breve buen buena buenas bueno buenos claro demasiado despacio deprisa "
    "gran grandes mal mayor mejor nueva nuevas nuevo nuevos peor temprano tarde verdad "
    "verdadera verdadero bastante sola solo solas solos",
    "it": "accidenti basta bene benissimo brava bravo buono certo cortesia favore forza futuro "
    "grande grazie improvviso lontano lungo macche male malissimo meglio peccato peggio "
    "piedi pieno titolo troppo nuovo recente vicino purtroppo tempo",
    "pt": "apoio bem boa bom breve comprido direita grande grandes longe mal maior menor nova "
    "novas novo novos obrigada obrigado favor perto tarde zero demais valor sistema",
    "nl": "gewoon klaar liever minder weinig vrij spoedig zeker vroeg later juist",
    "id": "awal baik banyak benar besar betul cukup dini jauh jelas kecil kelamaan keterlaluan "
    "lama lambat masalah masalahnya pantas panjang pas penting percuma sebaik sempat "
    "tepat terlalu tinggi puas mampu yakin kembali soal baru datang rupanya sama sesuai "
    "cara",
    "ru": "близко далеко довольно долго хорошо слишком мало низко поздно позже быстро просто "
    "раньше рано даром",
    "ar": "",
    "zh": "好 很好 小 大 靠 多 少 别 够 像 看 贼 极了 尽",
    "ja": "",
    "ko": "",
    "th": "น่า ผล ที่สุด มาก ถูก รวม",
}
"""Words that praise, blame or say something of the goods: they tell, whatever the lists say."""

MORE: Final = {
    "id": "yg dgn utk sdh udh udah krn karna jg tp tapi sy dg dr klo kalo aja nya sih ya deh lg "
    "lgi org bs jd jdi sm dlm pd gan sis min kak bgt banget nih tuh cuman gitu gini buat "
    "bwt",
    "ko": "그 이 저 것 수 등 들 및 더 좀 또 다 때 때문에 그리고 그런데 그래서 하지만 "
    "그러나 그냥 너무 정말 아주 매우 이런 그런 저런 이거 그거 제가 "
    "저는 저도 나는 우리 같아요 있는 있어요 있습니다 하는 해서 하고 합니다 "
    "했어요 했습니다 입니다 이에요 예요",
    "ja": "です ます した して まし でし てい いま しま ました",
    "th": "ครับ ค่ะ คะ นะ จ้า",
    "fr": "c'est j'ai d'un d'une n'est qu'il qu'on s'est l'on n'a d'être",
    "it": "c'è un'altra dell'ho l'ho",
}


ALONE: Final = {
    "zh": "的了是我你他她它们在也就都和与吗吧啊呢嘛哦这那个着给把被之于而且但因所以其",
    "ja": "はがをにのともでへや",
    "th": "",
}
"""Characters that make a pair of characters dull, whatever the other one is."""


def spacy_words(wheel: zipfile.ZipFile, language: str) -> set[str]:
    """Return spaCy's list, read without running its code."""
    tree = ast.parse(wheel.read(f"spacy/lang/{language}/stop_words.py"))
    texts = [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    return {word for text in texts for word in text.split()}


def main() -> None:
    """Write the file."""
    with zipfile.ZipFile(sys.argv[2]) as wheel:
        others = json.loads(wheel.read("stopwordsiso/stopwords-iso.json"))
    lists: dict[str, dict[str, str]] = {}
    with zipfile.ZipFile(sys.argv[1]) as wheel:
        for language, negations in sorted(NEGATIONS.items()):
            common = spacy_words(wheel, language) & set(others[language])
            words = common | set(MORE.get(language, "").split())
            if language in ALONE:
                words = {word for word in words if len(word) > 1} | set(ALONE[language])
            words = {unicodedata.normalize("NFC", word).lower() for word in words}
            words -= {*negations.split(), *WEIGHING[language].split()}
            plain = sorted(word for word in words if any(char.isalpha() for char in word))
            lists[language] = {"negations": negations, "stop_words": " ".join(plain)}
    text = json.dumps(lists, ensure_ascii=False, indent=1)
    Path(FILE).write_text(text + "\n", encoding="utf-8")
    print({code: len(one["stop_words"].split()) for code, one in lists.items()})


if __name__ == "__main__":
    main()
