# Every target does its own set-up: a fresh machine needs only Python 3.11+ and make.
PYTHON ?= python3
# The demo runs in an environment with the core dependencies only; checks and tests have their own.
CORE := .venv
NETWORKS := .venv-networks
DEV := .venv-dev
AWS := .venv-aws
BENCH := .venv-bench
RELEASE := .venv-release
# Where `make wheel` puts its archives.
DIST := dist
# Spark needs an older pandas than the rest, so that it has versions of its own.
SPARK := .venv-spark
# What of the tests on Spark is run: `make test-spark ONLY="not slow"` is a small part.
ONLY := slow or not slow
# How often the benches of findings plant errors anew: `make bench-findings SEEDS=3` is much faster.
SEEDS := 20

.PHONY: test-spark bench-experiment bench-fast bench-findings bench-graph bench-networks bench-selection bench-serving bench-tune bench-vectors demo demo-aws demo-experiment demo-networks docs site wheel test test-slow check format clean help

help:  ## say what each target does
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

demo: $(CORE)/.installed  ## the main job on generated reviews, and what can be found in them
	$(CORE)/bin/reviewdesk demo --out demo

demo-aws: $(AWS)/.installed  ## training job, batch transform, endpoint, web page, deletion: AWS without an account
	rm -rf demo-aws && mkdir -p demo-aws
	$(AWS)/bin/python -m bench.demo_aws demo-aws

demo-experiment: $(CORE)/.installed  ## a split test of two bundles: 20,000 reviews sent, the better named
	rm -rf demo-experiment && mkdir -p demo-experiment
	$(CORE)/bin/reviewdesk demo-data --reviews 8000 --seed 1 --out demo-experiment/learn.tsv.gz
	$(CORE)/bin/reviewdesk demo-data --reviews 26000 --seed 2 --out demo-experiment/send.tsv.gz
	for name in learn send; do $(CORE)/bin/reviewdesk prepare demo-experiment/$$name.tsv.gz \
		--out demo-experiment/$$name || exit 1; done
	$(CORE)/bin/reviewdesk sample demo-experiment/learn --fraction 0.05 --out demo-experiment/little
	$(CORE)/bin/reviewdesk train demo-experiment/little --target sentiment --out demo-experiment/A
	$(CORE)/bin/reviewdesk train demo-experiment/learn --target sentiment --out demo-experiment/B
	$(CORE)/bin/python -m bench.demo_experiment demo-experiment/send demo-experiment \
		A=demo-experiment/A B=demo-experiment/B
	$(CORE)/bin/reviewdesk experiment start demo-experiment/test --arms A:0.5,B:0.5 \
		--data demo-experiment/logs/sentiment --truth demo-experiment/truth \
		--metric correct:higher --guardrail latency_ms:lower:5 --guardrail error:lower
	$(CORE)/bin/reviewdesk experiment report demo-experiment/test --out demo-experiment/report.html
	$(CORE)/bin/reviewdesk experiment stop demo-experiment/test

demo-networks: $(NETWORKS)/.installed  ## an LSTM on generated reviews; then without torch
	$(NETWORKS)/bin/reviewdesk demo-data --reviews 8000 --out demo-networks/reviews.tsv.gz
	$(NETWORKS)/bin/reviewdesk prepare demo-networks/reviews.tsv.gz --out demo-networks/prepared
	$(NETWORKS)/bin/reviewdesk train demo-networks/prepared --model lstm --target sentiment \
		--time-limit 30 --out demo-networks/bundle
	$(NETWORKS)/bin/reviewdesk evaluate demo-networks/bundle demo-networks/prepared \
		--out demo-networks/evaluation.html
	$(NETWORKS)/bin/reviewdesk explain demo-networks/bundle "Not good: it broke after a week."

test: $(DEV)/.installed  ## all tests but the slow ones
	$(DEV)/bin/python -m pytest -n 2 -m "not slow"

test-slow: $(DEV)/.installed  ## the tests that take minutes
	$(DEV)/bin/python -m pytest -m slow

test-spark: $(SPARK)/.installed  ## the tests on Spark; installs Java where it may
	@command -v java >/dev/null || { [ "$$(id -u)" = 0 ] && apt-get update -qq && \
		apt-get install -y -qq --no-install-recommends openjdk-17-jre-headless >/dev/null; } || \
		{ echo "Spark needs Java 17, which cannot be installed here"; exit 1; }
	$(SPARK)/bin/python -m pytest tests/spark tests/engines/test_contract.py -m "$(ONLY)"

check: $(DEV)/.installed  ## ruff and mypy strict
	$(DEV)/bin/ruff check .
	$(DEV)/bin/ruff format --check .
	$(DEV)/bin/mypy

format: $(DEV)/.installed  ## let ruff mend what it can
	$(DEV)/bin/ruff check --fix .
	$(DEV)/bin/ruff format .

$(CORE)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(CORE)
	$(CORE)/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	touch $@

$(NETWORKS)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(NETWORKS)
	$(NETWORKS)/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[networks]"
	touch $@

$(BENCH)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(BENCH)
	$(BENCH)/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[bench,networks]"
	touch $@

$(AWS)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(AWS)
	$(AWS)/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[demo-aws]"
	touch $@

$(DEV)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(DEV)
	$(DEV)/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[dev]"
	touch $@

$(RELEASE)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(RELEASE)
	$(RELEASE)/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[docs,release]"
	touch $@

$(SPARK)/.installed: pyproject.toml constraints-spark.txt
	$(PYTHON) -m venv $(SPARK)
	$(SPARK)/bin/python -m pip install --quiet --disable-pip-version-check \
		-c constraints-spark.txt -e ".[spark,test-spark]"
	touch $@

docs: $(DEV)/.installed  ## write docs/reference.md anew
	$(DEV)/bin/python -m reviewdesk.cli.reference > docs/reference.md

site: $(RELEASE)/.installed  ## the documents as a site, in build/site
	$(RELEASE)/bin/sphinx-build --quiet --fresh-env --fail-on-warning -c docs . build/site
	cp build/site/README.html build/site/index.html

wheel: $(RELEASE)/.installed  ## a wheel and a source archive, in dist
	$(RELEASE)/bin/python -m build --outdir $(DIST)

bench-experiment: $(DEV)/.installed  ## 10,000 simulated split tests with a look after every request
	$(DEV)/bin/python -m bench.experiment

bench-fast: $(BENCH)/.installed  ## linear beside its peers on the real data; half an hour
	$(BENCH)/bin/python -m bench.linear_bench
	$(BENCH)/bin/python -m bench.linear_floor imdb categories25
	$(BENCH)/bin/python -m bench.linear_paired imdb NB-SVM --peer-ngrams 2 3
	$(BENCH)/bin/python -m bench.linear_paired categories25 "TF-IDF + LinearSVC" --peer-ngrams 1 2
	$(BENCH)/bin/python -m bench.linear_paired categories14 "TF-IDF + LinearSVC" --peer-ngrams 1 2
	$(BENCH)/bin/python -m bench.linear_growth

bench-vectors: $(BENCH)/.installed  ## vectors beside gensim and fastText, document vectors on IMDb; half an hour
	$(BENCH)/bin/python -m bench.vectors_bench
	$(BENCH)/bin/python -m bench.vectors_parity
	$(BENCH)/bin/python -m bench.vectors_growth
	$(BENCH)/bin/python -m bench.document_vectors $(BENCH)/imdb-documents

bench-networks: $(BENCH)/.installed  ## networks beside linear, fastText and a plain loop; hours
	$(BENCH)/bin/python -m bench.networks_bench

bench-tune: $(BENCH)/.installed  ## choose the settings that bench-fast uses anew; an hour
	$(BENCH)/bin/python -m bench.linear_tune

bench-selection: $(BENCH)/.installed  ## what blends, windows and unlabelled reviews bring; ten minutes
	for set in imdb categories14 categories25; do \
		$(BENCH)/bin/python -m bench.selection $(BENCH)/selection $$set && \
		$(BENCH)/bin/python -m bench.selection $(BENCH)/selection $$set --held-out || exit 1; done
	$(BENCH)/bin/python -m bench.selection $(BENCH)/selection imdb --unlabelled

bench-serving: $(BENCH)/.installed  ## the endpoint beside bare Starlette, FastAPI + scikit-learn, fastText; ten minutes
	@command -v wrk >/dev/null || { echo "wrk is missing: apt-get install wrk"; exit 1; }
	$(BENCH)/bin/python -m bench.serving $(BENCH)/serving

bench-findings: export OMP_NUM_THREADS = 1
bench-findings: $(BENCH)/.installed  ## promised against delivered for all finders, 20 seeds; hours
	$(BENCH)/bin/python -m bench.findings_review_category --seeds $(SEEDS) \
		--worlds categories14-random categories14-alike mix generated
	$(BENCH)/bin/python -m bench.findings_product_category --seeds $(SEEDS) \
		--worlds categories14-random categories14-alike mix generated --shares 0.01 0.03 0.1
	$(BENCH)/bin/python -m bench.findings_declining --seeds $(SEEDS) \
		--data "$$REVIEWDESK_DATA" --sizes 100000 1000000 10000000
	$(BENCH)/bin/python -m bench.findings_language --seeds $(SEEDS)
	$(BENCH)/bin/python -m bench.findings_review_product --seeds $(SEEDS)
	$(BENCH)/bin/python -m bench.findings_similar --seeds 0 1 2
	$(BENCH)/bin/python -m bench.findings_similar_scale --amazon --reviews 660000
	$(BENCH)/bin/python -m bench.findings_scale --reviews 100000 1000000 10000000

bench-graph: $(BENCH)/.installed  ## a graph of 1 and 10 million reviews: built, asked, beside others; half an hour
	$(BENCH)/bin/python -m bench.graph --reviews 1000000
	$(BENCH)/bin/python -m bench.graph --reviews 10000000

clean:  ## remove environments, caches and the demo's folder
	rm -rf $(CORE) $(NETWORKS) $(DEV) $(AWS) $(BENCH) $(RELEASE) $(SPARK) build dist demo demo-aws demo-experiment demo-networks .pytest_cache .mypy_cache .ruff_cache
