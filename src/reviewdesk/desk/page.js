"use strict";
(() => {
  const MOST_CHARACTERS = 20000;
  const PATIENCE_MS = 60000;
  const by = (id) => document.getElementById(id);
  const form = by("form"), title = by("title"), headline = by("headline"), body = by("body"), read = by("read");
  const problem = by("problem"), result = by("result"), found = by("found"), empty = by("empty");
  const status = by("status"), count = by("count");
  const texts = JSON.parse(by("main").dataset.say);
  let asking = null;

  class TextProblem extends Error {}

  // What this page says stands in the desk's file of texts; names in braces are values.
  function say(name, values = {}) {
    return texts[name].replace(/\{(\w+)\}/g, (_, key) => values[key]);
  }

  function number(value) {
    return value.toLocaleString(document.documentElement.lang);
  }

  // Everything from outside becomes text here: nothing on this page is ever parsed as markup.
  function make(tag, className, ...children) {
    const element = document.createElement(tag);
    if (className) element.className = className;
    element.append(...children.filter((child) => child !== null));
    return element;
  }

  function percent(share) {
    if (share > 0 && share < 0.005) return "< 1 %";
    return Math.round(share * 100) + " %";
  }

  function hasNothing() {
    return !headline.value.trim() && !body.value.trim();
  }

  function sayLength() {
    const length = headline.value.length + body.value.length + (title ? title.value.length : 0);
    const over = length > MOST_CHARACTERS;
    count.classList.toggle("over", over);
    if (over) count.textContent = say("too_long", { n: number(length - MOST_CHARACTERS) });
    else count.textContent = length ? say("characters", { n: number(length) }) : say("hint");
  }

  function sayProblem(text, ofTheText) {
    problem.textContent = text;
    problem.hidden = !text;
    body.setAttribute("aria-invalid", String(ofTheText));
    if (text) hideResult();  // an older verdict beside this would be taken for an answer
  }

  function hideResult() {
    found.hidden = true;
    empty.hidden = false;
    status.textContent = "";
  }

  function wait(waiting) {
    read.setAttribute("aria-disabled", String(waiting));
    read.textContent = say(waiting ? "reading" : "read");
    result.setAttribute("aria-busy", String(waiting));
    result.classList.toggle("waiting", waiting);
  }

  function meter(value) {
    const words = say("scale", { n: value });
    const marker = make("i");
    marker.style.left = `${value}%`;
    const bar = make("div", "meter", marker);
    bar.setAttribute("role", "meter");
    bar.setAttribute("aria-labelledby", "meter-name");
    bar.setAttribute("aria-valuemin", "0");
    bar.setAttribute("aria-valuemax", "100");
    bar.setAttribute("aria-valuenow", String(value));
    bar.setAttribute("aria-valuetext", say("scale_means", { n: value }));
    const name = make("h3", "", say("positivity"));
    name.id = "meter-name";
    const head = make("div", "meter-head", name, make("span", "meter-value", words));
    const ends = make("div", "ends", make("span", "", say("negative")), make("span", "", say("positive")));
    ends.setAttribute("aria-hidden", "true");
    return make("div", "block", head, bar, ends);
  }

  function highlighted(segments, className) {
    const text = make("span", className);
    for (const { text: stretch, level } of segments) {
      if (!level) text.append(stretch);
      else text.append(make("mark", `${level > 0 ? "for" : "against"} l${Math.abs(level)}`, stretch));
    }
    return text;
  }

  function side(kind, { title, words }) {
    const list = words.length
      ? make("ul", "words", ...words.map(({ word }) => make("li", "", word)))
      : make("p", "none", say("no_words"));
    return make("div", `side ${kind}`, make("h4", "", title), list);
  }

  function evidence(judgement, review) {
    const text = make("p", "read");
    if (review.review_headline.length) text.append(highlighted(review.review_headline, "head"));
    text.append(highlighted(review.review_body, ""));
    text.tabIndex = 0;
    text.setAttribute("role", "group");
    text.setAttribute("aria-label", say("as_read"));
    const sides = make("div", "sides", side("for", judgement.for), side("against", judgement.against));
    return make("div", "block", make("h3", "", say("which_words")), text, sides);
  }

  function shares(judgement) {
    const rows = judgement.labels.map(({ label, name, probability }) => {
      const fill = make("i");
      fill.style.width = `${100 * probability}%`;
      const track = make("span", "track", fill);
      track.setAttribute("aria-hidden", "true");
      const best = label === judgement.label ? "best" : "";
      return make("li", best, make("span", "", name), track, make("span", "value", percent(probability)));
    });
    return make("ul", "shares", ...rows);
  }

  function verdict(tag, className, judgement) {
    if (judgement.target !== "stars") return make(tag, className, judgement.verdict);
    const stars = make("span", "stars", "★".repeat(judgement.label) + "☆".repeat(5 - judgement.label));
    stars.setAttribute("aria-hidden", "true");
    return make(tag, className, judgement.verdict + " ", stars);
  }

  function further(judgement) {
    const words = judgement.for.words.map(({ word }) => say("quoted", { word })).slice(0, 4).join(", ");
    return make("div", "block",
      make("p", "kind", judgement.title),
      verdict("h3", "", judgement),
      shares(judgement),
      make("p", "because", judgement.certainty + (words ? ` ${say("because", { words })}` : "")));
  }

  function show(answer) {
    const [first, ...others] = answer.judgements;
    const isSentiment = first.target === "sentiment";
    const unlike = answer.disagreement;
    if (unlike) Object.assign(first, { verdict: unlike.verdict, certainty: unlike.unclear, clear: false });
    found.dataset.tone = isSentiment && !unlike ? first.label : "plain";
    found.replaceChildren(
      ...[
        make("p", "kind", first.title),
        verdict("h2", first.clear ? "verdict" : "verdict unclear", first),
        make("p", "sure", first.certainty),
        answer.positivity === null ? null : meter(answer.positivity),
        isSentiment ? null : make("div", "block", shares(first)),
        evidence(first, answer.review),
        ...others.map(further),
      ].filter((part) => part !== null),
    );
    empty.hidden = true;
    found.hidden = false;
    status.textContent = [first, ...others].map((one) => `${one.title}: ${one.verdict}. ${one.certainty}`).join(" ");
    const behavior = matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth";
    if (result.getBoundingClientRect().top > innerHeight / 2) result.scrollIntoView({ behavior, block: "start" });
  }

  async function ask(signal) {
    const response = await fetch("/desk/analyse", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({
        review_headline: wellFormed(headline.value),
        review_body: wellFormed(body.value),
        ...(title ? { product_title: wellFormed(title.value) } : {}),
      }),
      signal,
    });
    const answer = await response.json();
    if (response.ok) return answer;
    if (response.status === 503 || response.status === 429) throw new Error(say("busy"));
    if (response.status === 502) throw new Error(say("no_answer"));
    if (response.status >= 500) throw new Error(say("broken"));
    throw new TextProblem(answer.error.message);
  }

  // Half of an emoji, cut off in copying, is no text that can be sent.
  function wellFormed(text) {
    return text.toWellFormed ? text.toWellFormed() : text;
  }

  function whatWentWrong(error) {
    if (error.name === "TimeoutError") return say("slow");
    if (error instanceof TypeError) return say("unreachable");
    if (error instanceof SyntaxError) return say("unreadable");
    return error.message;
  }

  async function submit() {
    if (hasNothing()) {
      sayProblem(say("nothing"), true);
      body.focus();
      return;
    }
    if (asking) asking.abort();
    const own = new AbortController();
    asking = own;
    sayProblem("", false);
    wait(true);
    status.textContent = "";
    const timer = setTimeout(() => own.abort(new DOMException("", "TimeoutError")), PATIENCE_MS);
    try {
      const answer = await ask(own.signal);
      if (asking === own) show(answer);
    } catch (error) {
      if (asking === own) sayProblem(whatWentWrong(error), error instanceof TextProblem);
    } finally {
      clearTimeout(timer);
      if (asking === own) {
        asking = null;
        wait(false);
      }
    }
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    submit();
  });
  form.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      submit();
    }
  });
  form.addEventListener("input", () => {
    sayLength();
    if (!problem.hidden) sayProblem("", false);
  });
  form.addEventListener("reset", () => {
    if (asking) asking.abort();
    asking = null;
    wait(false);
    sayProblem("", false);
    hideResult();
    setTimeout(() => {
      sayLength();
      body.focus();
    });
  });
  for (const sample of document.querySelectorAll(".sample")) {
    sample.addEventListener("click", () => {
      if (title) title.value = "";  // a sample is of no product
      headline.value = sample.dataset.headline;
      body.value = sample.dataset.body;
      sayLength();
      submit();
    });
  }
  sayLength();
})();
