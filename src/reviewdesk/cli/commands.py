"""The table of commands, in the order a user needs them."""

from typing import Final, NamedTuple

MAIN_JOB: Final = "The main job"
STEPS: Final = "Its steps, one by one"
LOOKING: Final = "Looking at things"
LISTS: Final = "What to look for"
TRUTH: Final = "How well it finds"
VECTORS: Final = "Vectors and fastText's files"
TESTS: Final = "Split tests"
GRAPHS: Final = "What to do with a graph"
DECIDED: Final = "What to do with decisions"
AMAZON: Final = "What to do on Amazon Web Services"
EMULATOR: Final = "What to run as SageMaker does"
PIPELINE: Final = "What to do with the monthly pipeline"
NEPTUNE: Final = "What to do with Neptune"
WEBAPP: Final = "What to do with the web app"


class Command(NamedTuple):
    """One command: where its function is, its one-line help and its part of the manual.

    A name of two words is a command of a group, as in ``find review-category``.
    """

    function: str
    summary: str
    panel: str


COMMANDS: Final[dict[str, Command]] = {
    "run": Command(
        "reviewdesk.cli.run:run",
        "From review files to a measured classifier, labels and a report.",
        MAIN_JOB,
    ),
    "update": Command(
        "reviewdesk.cli.update:update",
        "Add new review files to a job: prepare, learn, predict, find, and say what is new.",
        MAIN_JOB,
    ),
    "desk": Command(
        "reviewdesk.cli.desk:desk",
        "Work through what was found: what to look at next, why, and one key to decide.",
        MAIN_JOB,
    ),
    "desk-user": Command(
        "reviewdesk.cli.desk_user:desk_user",
        "An account for the desk of a team: added, changed or removed.",
        MAIN_JOB,
    ),
    "serve": Command(
        "reviewdesk.cli.serve:serve",
        "A page for people and an endpoint for programs.",
        MAIN_JOB,
    ),
    "demo": Command(
        "reviewdesk.cli.demo:demo",
        "The main job and the findings on generated reviews, and how to open the desk.",
        MAIN_JOB,
    ),
    "demo-data": Command(
        "reviewdesk.cli.demo_data:demo_data",
        "Generated reviews to try everything on.",
        MAIN_JOB,
    ),
    "fetch": Command(
        "reviewdesk.cli.fetch:fetch",
        "Fetch a public data set of reviews.",
        STEPS,
    ),
    "prepare": Command(
        "reviewdesk.cli.prepare:prepare",
        "Read, clean and de-duplicate reviews; Parquet by month.",
        STEPS,
    ),
    "explore": Command(
        "reviewdesk.cli.explore:explore",
        "What is in prepared reviews: one page, and its figures as Parquet.",
        STEPS,
    ),
    "sample": Command(
        "reviewdesk.cli.sample:sample",
        "A small share of prepared data, the same on every machine.",
        STEPS,
    ),
    "train": Command(
        "reviewdesk.cli.train:train",
        "Train a classifier on prepared reviews.",
        STEPS,
    ),
    "tune": Command(
        "reviewdesk.cli.tune:tune",
        "Look for the best settings of a family of classifiers.",
        STEPS,
    ),
    "compare": Command(
        "reviewdesk.cli.compare:compare",
        "Families of classifiers side by side: how right, how calibrated, at what cost.",
        STEPS,
    ),
    "blend": Command(
        "reviewdesk.cli.blend:blend",
        "Several bundles as one, weighed on reviews that they had not seen.",
        STEPS,
    ),
    "evaluate": Command(
        "reviewdesk.cli.evaluate:evaluate",
        "How accurate a bundle is, with intervals, as a table, JSON and a page.",
        STEPS,
    ),
    "predict": Command(
        "reviewdesk.cli.predict:predict",
        "A label with probabilities for every review of a file.",
        STEPS,
    ),
    "explain": Command(
        "reviewdesk.cli.explain:explain",
        "Which words of a text spoke for and against its label.",
        STEPS,
    ),
    "export": Command(
        "reviewdesk.cli.export:export",
        "Training, validation and test files for other programs.",
        STEPS,
    ),
    "erase": Command(
        "reviewdesk.cli.erase:erase",
        "Remove a person from prepared data, and say where else they may be.",
        STEPS,
    ),
    "find review-category": Command(
        "reviewdesk.cli.find:review_category",
        "Reviews in the wrong category, or under the wrong product.",
        LISTS,
    ),
    "find product-category": Command(
        "reviewdesk.cli.find:product_category",
        "Products that are filed under the wrong category.",
        LISTS,
    ),
    "find declining": Command(
        "reviewdesk.cli.find:declining",
        "Products that get worse, since when, and what people say now.",
        LISTS,
    ),
    "find similar": Command(
        "reviewdesk.cli.find:similar",
        "Products about which people say the same.",
        LISTS,
    ),
    "find all": Command(
        "reviewdesk.cli.find:everything",
        "Everything that can be found, on one page.",
        LISTS,
    ),
    "find export": Command(
        "reviewdesk.cli.find_export:export",
        "Findings as CSV or JSON lines.",
        LISTS,
    ),
    "find plant": Command(
        "reviewdesk.cli.find_plant:plant",
        "A copy of prepared data with known errors, to see what is found.",
        TRUTH,
    ),
    "find grade": Command(
        "reviewdesk.cli.find_grade:grade",
        "What was promised and what was delivered.",
        TRUTH,
    ),
    "graph build": Command(
        "reviewdesk.cli.graph_build:build",
        "Build the graph of prepared reviews.",
        GRAPHS,
    ),
    "graph ask": Command(
        "reviewdesk.cli.graph_ask:ask",
        "Ask a graph one of the named questions.",
        GRAPHS,
    ),
    "graph query": Command(
        "reviewdesk.cli.graph_ask:query",
        "Ask a graph in Cypher; read-only, within limits of time and memory.",
        GRAPHS,
    ),
    "graph sql": Command(
        "reviewdesk.cli.graph_ask:sql",
        "Ask a graph in SQL, over its tables; read-only, within limits of time and memory.",
        GRAPHS,
    ),
    "graph structure": Command(
        "reviewdesk.cli.graph:structure",
        "Components, degrees, communities, modularity, and ties between categories.",
        GRAPHS,
    ),
    "graph map": Command(
        "reviewdesk.cli.graph:map_",
        "A graph as one page: categories, then products, then reviews.",
        GRAPHS,
    ),
    "graph export": Command(
        "reviewdesk.cli.graph:export",
        "A graph as files for Neptune, Neo4j, Gephi, NetworkX or ruruki.",
        GRAPHS,
    ),
    "decisions export": Command(
        "reviewdesk.cli.decisions:export",
        "All decisions, as CSV, Parquet or JSON lines.",
        DECIDED,
    ),
    "decisions import": Command(
        "reviewdesk.cli.decisions:import_",
        "Decisions of another desk, taken over with their authors and times.",
        DECIDED,
    ),
    "decisions corrections": Command(
        "reviewdesk.cli.decisions:corrections",
        "What findings that are right change in the reviews, as a CSV.",
        DECIDED,
    ),
    "decisions answers": Command(
        "reviewdesk.cli.decisions:answers",
        "Decisions about drawn reviews in the wrong category, as answers for find --audit.",
        DECIDED,
    ),
    "experiment plan": Command(
        "reviewdesk.cli.experiment:plan",
        "How many units a split test takes, when it is expected to end, what it can find.",
        TESTS,
    ),
    "experiment start": Command(
        "reviewdesk.cli.experiment:start",
        "Write down what is compared, before looking at outcomes.",
        TESTS,
    ),
    "experiment status": Command(
        "reviewdesk.cli.experiment:status",
        "Where an experiment stands, as often as you like.",
        TESTS,
    ),
    "experiment stop": Command(
        "reviewdesk.cli.experiment:stop",
        "End an experiment: what it says is kept, with its outcomes.",
        TESTS,
    ),
    "experiment report": Command(
        "reviewdesk.cli.experiment:report",
        "The page of an experiment: summary, sequence over time, split, what comes next.",
        TESTS,
    ),
    "vectors train": Command(
        "reviewdesk.cli.vectors:train",
        "Vectors of the words of prepared reviews.",
        VECTORS,
    ),
    "vectors nn": Command(
        "reviewdesk.cli.vectors:nn",
        "The words nearest to a word.",
        VECTORS,
    ),
    "vectors analogies": Command(
        "reviewdesk.cli.vectors:analogies",
        "What is to a third word as the first is to the second.",
        VECTORS,
    ),
    "vectors eval": Command(
        "reviewdesk.cli.vectors:evaluate",
        "How vectors agree with what people say of words.",
        VECTORS,
    ),
    "vectors products": Command(
        "reviewdesk.cli.vectors:products",
        "Vectors of products, for find similar: the mean over their reviews.",
        VECTORS,
    ),
    "vectors export": Command(
        "reviewdesk.cli.vectors:export",
        "A fasttext bundle as a file for fastText or BlazingText.",
        VECTORS,
    ),
    "vectors quantize": Command(
        "reviewdesk.cli.vectors:quantize",
        "A supervised .bin as a small .ftz.",
        VECTORS,
    ),
    "vectors predict": Command(
        "reviewdesk.cli.vectors:predict",
        "Labels of tokenised lines by any .bin or .ftz, as predict-prob of fastText.",
        VECTORS,
    ),
    "aws train": Command(
        "reviewdesk.cli.aws_jobs:train",
        "A training job of SageMaker's: data sent, its log and figures shown, the bundle fetched.",
        AMAZON,
    ),
    "aws tune": Command(
        "reviewdesk.cli.aws_jobs:tune",
        "A tuning job of SageMaker's: the best of many training jobs, and its bundle fetched.",
        AMAZON,
    ),
    "aws deploy": Command(
        "reviewdesk.cli.aws_control:deploy",
        "An endpoint of SageMaker's: made or changed without an outage, with an end that is set.",
        AMAZON,
    ),
    "aws predict": Command(
        "reviewdesk.cli.aws_jobs:predict",
        "Labels by an endpoint of SageMaker's, or by a batch transform with its model.",
        AMAZON,
    ),
    "aws status": Command(
        "reviewdesk.cli.aws_control:status",
        "What is ours in a region: what runs, what it has cost, when it ends, what nobody asks.",
        AMAZON,
    ),
    "aws delete": Command(
        "reviewdesk.cli.aws_control:delete",
        "Deletes what is ours in a region, until a listing shows that nothing is left.",
        AMAZON,
    ),
    "aws policy": Command(
        "reviewdesk.cli.aws_jobs:policy",
        "The least that a command needs of an account, as a policy of IAM.",
        AMAZON,
    ),
    "aws transform": Command(
        "reviewdesk.cli.aws:transform",
        "A batch transform on SageMaker, started and waited for.",
        AMAZON,
    ),
    "aws local train": Command(
        "reviewdesk.cli.aws_local:train",
        "A training job as SageMaker would run it, without Docker and without an account.",
        EMULATOR,
    ),
    "aws local serve": Command(
        "reviewdesk.cli.aws_local:serve",
        "A model as SageMaker would serve it, without Docker and without an account.",
        EMULATOR,
    ),
    "aws local transform": Command(
        "reviewdesk.cli.aws_local:transform",
        "A batch transform as SageMaker would run it, without Docker and without an account.",
        EMULATOR,
    ),
    "aws graph load": Command(
        "reviewdesk.cli.aws_graph:load",
        "A graph into Neptune: its files checked, sent to S3, loaded.",
        NEPTUNE,
    ),
    "aws pipeline deploy": Command(
        "reviewdesk.cli.aws_pipeline:deploy",
        "The monthly pipeline with an account: made, or changed where it is there.",
        PIPELINE,
    ),
    "aws pipeline delete": Command(
        "reviewdesk.cli.aws_pipeline:delete",
        "Deletes the pipeline with its schedule, and looks whether it is gone.",
        PIPELINE,
    ),
    "aws pipeline local": Command(
        "reviewdesk.cli.aws_pipeline:local",
        "The pipeline once on this machine, step by step, as AWS would run it.",
        PIPELINE,
    ),
    "aws webapp deploy": Command(
        "reviewdesk.cli.aws_webapp:deploy",
        "The web app with an account: made, or changed where it is there.",
        WEBAPP,
    ),
    "aws webapp delete": Command(
        "reviewdesk.cli.aws_webapp:delete",
        "Deletes a web app with its page and its log, and looks whether it is gone.",
        WEBAPP,
    ),
    "aws webapp local": Command(
        "reviewdesk.cli.aws_webapp:local",
        "The web app on this machine: the page, a gateway, the function.",
        WEBAPP,
    ),
    "monitor": Command(
        "reviewdesk.cli.monitor:monitor",
        "Whether a live model still sees, and does, what it was trained for.",
        LOOKING,
    ),
    "show": Command(
        "reviewdesk.cli.show:show",
        "What a folder or file is and how it came to be.",
        LOOKING,
    ),
    "count": Command(
        "reviewdesk.cli.count:count",
        "How many reviews there are, by month, category and rule.",
        LOOKING,
    ),
    "sources": Command(
        "reviewdesk.cli.sources:sources",
        "The formats of review files that can be read.",
        LOOKING,
    ),
    "warm": Command(
        "reviewdesk.cli.warm:warm",
        "Compile what is compiled on first use, so that nobody waits for it.",
        LOOKING,
    ),
    "doctor": Command(
        "reviewdesk.cli.doctor:doctor",
        "What is installed, what is not, and how to install it.",
        LOOKING,
    ),
}

GROUPS: Final[dict[str, Command]] = {
    "find": Command(
        "",
        "What is in the wrong category, getting worse or alike: lists that keep promises.",
        STEPS,
    ),
    "graph": Command(
        "",
        "Customers, products, reviews and categories as a graph, with what was predicted.",
        STEPS,
    ),
    "decisions": Command(
        "",
        "What was decided at a desk: exported, taken over, as corrections.",
        STEPS,
    ),
    "experiment": Command(
        "",
        "Split tests of variants that may be looked at, and stopped, at any time.",
        STEPS,
    ),
    "vectors": Command(
        "",
        "Vectors of words, and files of fastText, BlazingText and word2vec.",
        STEPS,
    ),
    "aws": Command(
        "",
        "SageMaker's jobs: on this machine, and with an account.",
        STEPS,
    ),
    "aws pipeline": Command(
        "",
        "Every month: prepare, train, evaluate, gate, deploy, find, notify.",
        AMAZON,
    ),
    "aws graph": Command(
        "",
        "Graphs in Neptune.",
        AMAZON,
    ),
    "aws webapp": Command(
        "",
        "A web page behind Lambda and a gateway: on this machine, and with an account.",
        AMAZON,
    ),
    "aws local": Command(
        "",
        "SageMaker's side of its containers on this machine: runs any command.",
        AMAZON,
    ),
}
"""Groups of commands by the words before the last: only summary and panel are used."""
