"use strict";
// The first picture and the lists are on the page without this script; it opens what lies behind.
(() => {
  const data = JSON.parse(document.getElementById("map-data").textContent);
  const { products, reviews, views, categories, steps } = data;
  const map = document.getElementById("map");
  const overview = document.getElementById("overview");
  const filter = { category: -1, confidence: 0, from: 0, to: steps.length - 1 };
  const number = (value) => value.toLocaleString("en");
  const percent = (thousandths) => `${Math.round(thousandths / 10)}\u00a0%`;
  const plural = (value, one, many) => `${number(value)} ${value === 1 ? one : many}`;

  const fill = (made, attributes, children) => {
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    made.append(...children);
    return made;
  };
  const make = (tag, attributes = {}, ...children) =>
    fill(document.createElement(tag), attributes, children);
  const draw = (tag, attributes = {}, ...children) =>
    fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);

  // --- what is said about a thing

  const date = (day) => (day === null ? "no day" : new Date(day * 864e5).toISOString().slice(0, 10));
  const name = (p) => products.title[p] || products.id[p];
  const stars = (p) => (products.stars[p] === null ? "" : `, ${(products.stars[p] / 100).toFixed(1)} stars`);
  const elsewhere = (p) => products.predicted[p] !== null && products.predicted[p] !== products.category[p];
  const said = ([finder, suggested, promise]) =>
    `${suggested ? `belongs in ${suggested}` : "listed"} (${finder}` +
    (promise > 0 ? `, promise ${Math.round(promise * 100)}\u00a0%)` : ")");
  const verdict = (p) => {
    if (data.listings[p]) return said(data.listings[p][0]);
    if (elsewhere(p)) {
      const there = `${number(products.elsewhere[p])} of ${number(products.judged[p])}`;
      return `${there} reviews predicted elsewhere, most in ${categories[products.predicted[p]]}`;
    }
    return products.rank[p] === 2 ? "a finder lists a review of it" : "";
  };
  const size = (p) => `${plural(products.reviews[p], "review", "reviews")}${stars(p)}`;
  const kind = (p) =>
    products.rank[p] === 0 ? "listed" : products.rank[p] < 3 ? "watched" : elsewhere(p) ? "other" : "same";

  // --- filters

  const within = (first, last) => {
    if (filter.from === 0 && filter.to === steps.length - 1) return true;
    if (first === null) return false;
    const from = filter.from === 0 ? -Infinity : data.days[filter.from];
    const until = filter.to === steps.length - 1 ? Infinity : data.days[filter.to + 1];
    return last >= from && first < until;
  };
  const least = () => (filter.confidence ? data.confidences[filter.confidence - 1] * 1000 : -1);
  const fits = (value) => filter.confidence === 0 || (value !== null && value >= least());
  const matches = (p) =>
    (filter.category < 0 || [products.category[p], products.predicted[p]].includes(filter.category)) &&
    fits(products.confidence[p]) && within(products.first[p], products.last[p]);
  const reviewMatches = (r, p) =>
    (filter.category < 0 || [products.category[p], reviews.predicted[r]].includes(filter.category)) &&
    fits(reviews.confidence[r]) && within(reviews.day[r], reviews.day[r]);

  // --- the pointer's note

  const tip = make("div", { class: "tip", hidden: "", "aria-hidden": "true" });
  const showTip = (thing, lines) => {
    tip.replaceChildren(make("strong", {}, lines[0]), ...lines.slice(1).map((line) => make("div", {}, line)));
    tip.hidden = false;
    const box = thing.getBoundingClientRect();
    const most = document.documentElement.clientWidth - tip.offsetWidth - 4;
    const below = box.bottom + tip.offsetHeight + 10 < window.innerHeight;
    tip.style.left = `${window.scrollX + Math.max(4, Math.min(box.left + box.width / 2 + 8, most))}px`;
    tip.style.top = `${window.scrollY + (below ? box.bottom + 6 : Math.max(2, box.top - tip.offsetHeight - 6))}px`;
  };
  const explain = (thing, lines, during = () => {}) => {
    const on = () => { showTip(thing, lines()); during(true); };
    const off = () => { tip.hidden = true; during(false); };
    thing.addEventListener("pointerenter", on);
    thing.addEventListener("pointerleave", off);
    return { on, off };
  };
  // What can be opened is explained to the keyboard, too. Others get no listener for focus, which
  // would make a stop of them.
  const explainStop = (thing, lines, during) => {
    const { on, off } = explain(thing, lines, during);
    thing.setAttribute("aria-label", lines().join(". "));
    thing.addEventListener("focus", on);
    thing.addEventListener("blur", off);
  };

  // --- going about

  const current = () => decodeURIComponent(location.hash.slice(1));
  let shown = "", behind = "";
  const go = (key) => { if (key === current()) render(); else location.hash = key; };
  const activate = (thing, key) => {
    thing.setAttribute("role", "button");
    thing.addEventListener("click", () => go(key));
    thing.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      go(key);
    });
  };
  const above = (key) => {
    if (key[0] === "p") return views[behind] ? behind : `c${products.category[+key.slice(1)]}`;
    return key.includes(".") ? key.slice(0, key.lastIndexOf(".")) : "";
  };
  const title = (key) => (key === "" ? "Overview" : key[0] === "p" ? name(+key.slice(1)) : views[key].title);
  const known = (key) => key === "" || Object.hasOwn(views, key) || (/^p\d+$/.test(key) && +key.slice(1) < products.id.length);

  const status = make("p", { class: "note", role: "status" });
  const crumbs = make("nav", { class: "crumbs", "aria-label": "Way back" });
  const view = make("div", { class: "view", hidden: "" });

  // --- the first picture

  const weigh = () => {
    const counts = new Map();
    const { flows } = data;
    flows.reviews.forEach((value, k) => {
      if (flows.confidence[k] < filter.confidence) return;
      const [a, p, step] = [flows.assigned[k], flows.predicted[k], flows.step[k]];
      if (filter.category >= 0 && a !== filter.category && p !== filter.category) return;
      const whole = filter.from === 0 && filter.to === steps.length - 1;
      if (!whole && (step === null || step < filter.from || step > filter.to)) return;
      counts.set(`${a} ${p}`, (counts.get(`${a} ${p}`) || 0) + value);
    });
    return counts;
  };
  const preparePicture = () => {
    const flows = [...overview.querySelectorAll(".flow")];
    const light = (some) => (on) => {
      overview.classList.toggle("lit", on);
      for (const flow of flows) flow.classList.toggle("on", on && some(flow));
    };
    for (const flow of flows) {
      flow.querySelector("title").remove();
      const { assigned, predicted } = flow.dataset;
      const ends = [categories[+assigned], categories[+predicted]];
      explain(flow, () => [
        assigned === predicted ? ends[0] : `${ends[0]} → ${ends[1]}`,
        `${plural(+flow.dataset.count, "review", "reviews")} standing in ${ends[0]}, predicted ${ends[1]}`,
      ], light((one) => one === flow));
    }
    for (const thing of overview.querySelectorAll("[data-view]")) {
      const lines = thing.querySelector("title").textContent.split("\n");
      thing.querySelector("title").remove();
      thing.setAttribute("tabindex", "0");
      const { category } = thing.dataset;
      const ends = (one) => [one.dataset.assigned, one.dataset.predicted].includes(category);
      const most = () => flows
        .filter((one) => ends(one) && one.dataset.assigned !== one.dataset.predicted && +one.dataset.count)
        .sort((a, b) => b.dataset.count - a.dataset.count).slice(0, 3)
        .map((one) => `${number(+one.dataset.count)}: ${categories[+one.dataset.assigned]} → ${categories[+one.dataset.predicted]}`);
      if (category === undefined) explainStop(thing, () => lines);
      else explainStop(thing, () => [...lines, ...most()], light(ends));
      activate(thing, thing.dataset.view);
    }
  };
  const showPicture = () => {
    const counts = weigh();
    let sum = 0, moved = 0;
    for (const flow of overview.querySelectorAll(".flow")) {
      const { assigned, predicted, scale } = flow.dataset;
      const value = counts.get(`${assigned} ${predicted}`) || 0;
      flow.dataset.count = value;
      flow.setAttribute("stroke-width", value ? Math.max(value * scale, 0.7) : 0);
      sum += value;
      if (assigned !== predicted) moved += value;
    }
    const drawn = `${plural(sum, "review", "reviews")} drawn, of which ${number(moved)} are predicted elsewhere.`;
    return data.flows.reviews.length ? drawn : "This graph has no predictions.";
  };

  // --- products of a category or community

  const moveAmong = (things, svg) => {
    const middle = (thing) => thing.spot;
    svg.addEventListener("keydown", (event) => {
      const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
      const at = things.indexOf(document.activeElement);
      if (!way || at < 0) return;
      event.preventDefault();
      const [x, y] = middle(things[at]);
      let best = null, nearest = Infinity;
      for (const thing of things) {
        const [dx, dy] = [middle(thing)[0] - x, middle(thing)[1] - y];
        const along = dx * way[0] + dy * way[1], aside = Math.abs(dx * way[1]) + Math.abs(dy * way[0]);
        if (along > 0 && along + 2 * aside < nearest) [best, nearest] = [thing, along + 2 * aside];
      }
      if (!best) return;
      things[at].setAttribute("tabindex", "-1");
      best.setAttribute("tabindex", "0");
      best.focus();
    });
  };
  const label = (x, y, text, attributes = {}) => draw("text", { x, y, ...attributes }, text);

  const showGroup = (key) => {
    const { nodes, bubbles, clusters, left } = views[key];
    const drawn = new Map(), members = [];
    const svg = draw("svg", { viewBox: "0 0 6000 6000", class: "disc", role: "group", "aria-label": `${views[key].title}; arrow keys move, Enter opens` });
    for (const [x, y, r] of clusters) svg.append(draw("circle", { cx: x, cy: y, r, class: "cluster" }));
    const ties = draw("g", { class: "ties", "aria-hidden": "true" });
    const things = [];
    for (let k = 0; k < nodes.length; k += 4) {
      const [p, x, y, r] = nodes.slice(k, k + 4);
      const circle = draw("circle", { cx: x, cy: y, r, class: kind(p) });
      circle.spot = [x, y];
      drawn.set(p, circle);
      if (!matches(p)) {
        circle.classList.add("out");
        svg.append(circle);
        continue;
      }
      members.push(p);
      const join = (on) => {
        ties.replaceChildren();
        if (!on) return;
        for (const other of [...data.shared[p], ...data.alike[p]]) {
          if (drawn.has(other)) ties.append(draw("path", { d: `M${x} ${y}L${drawn.get(other).spot.join(" ")}` }));
        }
      };
      explainStop(circle, () => [name(p), products.id[p], `stands in ${categories[products.category[p]]}`, verdict(p), size(p)].filter(Boolean), join);
      activate(circle, `p${p}`);
      things.push(circle);
      svg.append(circle);
    }
    for (const [target, words, short, count, texts, x, y, r] of bubbles) {
      const bubble = draw("g", { class: "bubble" }, draw("circle", { cx: x, cy: y, r }));
      if (r > 110) bubble.append(label(x, y, short, { "text-anchor": "middle", dy: ".35em", "font-size": Math.min(170, r * 0.6) }));
      bubble.spot = [x, y];
      explainStop(bubble, () => [words, `${plural(count, "product", "products")}, ${plural(texts, "review", "reviews")}`]);
      activate(bubble, target);
      things.push(bubble);
      svg.append(bubble);
    }
    things.forEach((thing, k) => thing.setAttribute("tabindex", k ? "-1" : "0"));
    moveAmong(things, svg);
    svg.append(ties);
    members.sort((a, b) => a - b);
    const rows = members.map((p) => productRow(p));
    const list = make("ol", { class: "things" }, ...rows, ...bubbles.map(([target, words]) => {
      const button = make("button", { type: "button", class: "more" }, words);
      button.addEventListener("click", () => go(target));
      return make("li", {}, button);
    }));
    view.append(make("div", { class: "sides" }, make("div", {}, svg, legend()), list));
    const hidden = nodes.length / 4 - members.length;
    return [
      `${plural(members.length, "product", "products")}; what finders list comes first.`,
      hidden ? `${number(hidden)} do not fit the filters.` : "",
      left ? `${plural(left, "product", "products")} of fewer reviews are not on this map.` : "",
    ].filter(Boolean).join(" ");
  };
  const productRow = (p) => {
    const button = make("button", { type: "button", class: kind(p) }, make("strong", { dir: "auto" }, name(p)));
    if (verdict(p)) button.append(make("span", { class: "verdict" }, verdict(p)));
    button.append(make("span", {}, `${products.id[p]} · ${size(p)}`));
    button.addEventListener("click", () => go(`p${p}`));
    return make("li", {}, button);
  };
  const legend = () => make("ul", { class: "legend" }, ...[
    ["same", "predicted where it stands"], ["other", "predicted elsewhere"],
    ["watched", "listed otherwise, or a review of it is"], ["listed", "listed as wrong category"],
  ].map(([mark, words]) => make("li", {}, make("span", { class: `dot ${mark}` }), words)));

  // --- one product

  const showProduct = (key) => {
    const p = +key.slice(1);
    view.append(make("p", { class: "source" }, `${products.id[p]} · ${size(p)}`));
    const stands = make("p", { class: "move" }, make("span", {}, `Stands in ${categories[products.category[p]]}`));
    if (elsewhere(p)) {
      stands.append(" → ", make("span", { class: "wrong" }, `${number(products.elsewhere[p])} of ${number(products.judged[p])} reviews are predicted elsewhere, most in ${categories[products.predicted[p]]}`));
    }
    view.append(stands);
    for (const one of data.listings[p] || []) view.append(make("p", { class: "mark" }, said(one)));
    const all = [];
    for (let r = reviews.start[p]; r < reviews.start[p + 1]; r += 1) all.push(r);
    const some = all.filter((r) => reviewMatches(r, p));
    if (some.length > 1 && some.every((r) => reviews.confidence[r] !== null)) view.append(strip(some, p));
    view.append(make("h4", {}, "Reviews"), make("ol", { class: "reviews" }, ...some.map((r) => reviewRow(r, p))));
    for (const [heading, near] of [["Bought by the same customers", data.shared[p]], ["Reviews say alike", data.alike[p]]]) {
      if (near.length) view.append(make("h4", {}, heading), make("ol", { class: "things short" }, ...near.map(productRow)));
    }
    return [
      `${number(some.length)} of ${plural(products.reviews[p], "review", "reviews")}.`,
      all.length > some.length ? `${number(all.length - some.length)} do not fit the filters.` : "",
      products.reviews[p] > all.length ? `${number(products.reviews[p] - all.length)} are not on this map; reviewdesk graph ask GRAPH reviews product=${products.id[p]} shows all.` : "",
    ].filter(Boolean).join(" ");
  };
  const differs = (r, p) => reviews.predicted[r] !== null && reviews.predicted[r] !== products.category[p];
  const reviewRow = (r, p) => {
    const row = make("li");
    const head = make("p", { class: "verdict" });
    if (reviews.stars[r]) {
      const drawn = "★".repeat(reviews.stars[r]) + "☆".repeat(5 - reviews.stars[r]);
      head.append(make("span", { class: "stars", role: "img", "aria-label": plural(reviews.stars[r], "star", "stars") }, drawn));
    }
    head.append(make("span", {}, date(reviews.day[r])));
    if (reviews.predicted[r] !== null) {
      const words = `predicted ${categories[reviews.predicted[r]]}, ${percent(reviews.confidence[r])}`;
      head.append(make("span", { class: differs(r, p) ? "wrong" : "" }, words));
    }
    head.append(make("span", { class: "source" }, reviews.id[r]));
    row.append(head);
    for (const one of reviews.listings[r] || []) row.append(make("p", { class: "mark" }, said(one)));
    if (reviews.headline && reviews.headline[r]) row.append(make("p", { class: "headline", dir: "auto" }, reviews.headline[r]));
    if (reviews.body && reviews.body[r]) row.append(make("p", { class: "body", dir: "auto" }, reviews.body[r]));
    return row;
  };
  const strip = (some, p) => {
    const days = some.map((r) => reviews.day[r]).filter((day) => day !== null);
    const [first, last] = [Math.min(...days), Math.max(...days)];
    const svg = draw("svg", { viewBox: "0 0 460 130", class: "strip", role: "img", "aria-label": "Confidence of what is predicted, by day; the list below says the same" });
    for (const [y, words] of [[14, "100 %"], [58, "50 %"], [102, "0 %"]]) {
      svg.append(draw("path", { d: `M44 ${y}H452`, class: "grid" }), label(38, y, words, { "text-anchor": "end", dy: ".35em" }));
    }
    if (days.length) svg.append(label(48, 124, date(first)), label(452, 124, last > first ? date(last) : "", { "text-anchor": "end" }));
    for (const r of some) {
      if (reviews.day[r] === null) continue;
      const x = 52 + (392 * (reviews.day[r] - first)) / Math.max(1, last - first);
      const dot = draw("circle", { cx: x, cy: 102 - reviews.confidence[r] * 0.088, r: 4.5, class: differs(r, p) ? "other" : "same" });
      explain(dot, () => [date(reviews.day[r]), `predicted ${categories[reviews.predicted[r]]}, ${percent(reviews.confidence[r])}`]);
      svg.append(dot);
    }
    return svg;
  };

  // --- what stands on the page now

  const render = () => {
    const key = known(current()) ? current() : shown;  // a link to another part of the page
    const moved = key !== shown, from = shown;
    if (shown && shown[0] !== "p") behind = shown;
    shown = key;
    tip.hidden = true;
    overview.hidden = key !== "";
    view.hidden = key === "";
    view.replaceChildren();
    const way = [];
    for (let at = key; at !== ""; at = above(at)) way.unshift(at);
    const links = ["", ...way].map((at) => {
      if (at === key) return make("span", { "aria-current": "page" }, title(at));
      return make("a", { href: `#${at}` }, title(at));
    });
    crumbs.replaceChildren(...links.flatMap((one, k) => (k ? [" › ", one] : [one])));
    crumbs.hidden = key === "";
    let heading = null;
    if (key) {
      heading = make("h3", { tabindex: "-1", dir: "auto" }, title(key));
      view.append(heading);
    }
    status.textContent = key === "" ? showPicture() : key[0] === "p" ? showProduct(key) : showGroup(key);
    if (!moved) return;
    const target = heading || overview.querySelector(`[data-view="${CSS.escape(from)}"]`);
    if (target) target.focus({ preventScroll: true });
    if (map.getBoundingClientRect().top < 0) map.scrollIntoView();
  };

  // --- controls

  const choice = (words, entries, change) => {
    const list = make("select", {}, ...entries.map(([value, text]) => make("option", { value }, text)));
    list.addEventListener("change", () => { change(Number(list.value)); render(); });
    return [list, make("label", {}, words, list)];
  };
  const search = () => {
    const words = products.title.map((one, p) => `${one || ""} ${products.id[p]}`.toLowerCase());
    const box = make("input", { type: "search", placeholder: "title or product id", autocomplete: "off", spellcheck: "false" });
    const results = make("ol", { class: "things results", "aria-label": "What the search finds", hidden: "" });
    const look = () => {
      const wanted = box.value.trim().toLowerCase(), found = [];
      for (let p = 0; wanted && p < words.length && found.length < 12; p += 1) if (words[p].includes(wanted)) found.push(p);
      const rows = found.map(productRow);
      if (wanted && !found.length) rows.push(make("li", { class: "note" }, "No product on this map has that in its title or id."));
      results.replaceChildren(...rows);
      results.hidden = !wanted;
      return found;
    };
    const clear = () => { box.value = ""; look(); };
    box.addEventListener("input", look);
    box.addEventListener("keydown", (event) => {
      if (event.key === "Enter") {
        event.preventDefault();
        const found = look();
        if (found.length) { clear(); go(`p${found[0]}`); }
      } else if (event.key === "Escape" && box.value) {
        event.stopPropagation();
        clear();
      }
    });
    results.addEventListener("click", (event) => { if (event.target.closest("button")) clear(); });
    return [make("label", { class: "wide" }, "Search", box), results];
  };
  const controls = () => {
    const [category, one] = choice("Category", [[-1, "all"], ...categories.map((words, k) => [k, words])], (v) => {
      filter.category = v;
      const drawn = v < 0 || overview.querySelector(`[data-category="${v}"]`);
      if (!drawn && views[`c${v}`]) go(`c${v}`);
    });
    const [confidence, two] = choice("Confidence", [[0, "any"], ...data.confidences.map((c, k) => [k + 1, `at least ${Math.round(c * 100)} %`])], (v) => { filter.confidence = v; });
    const times = steps.map((words, k) => [k, words]);
    const [from, three] = choice("From", times, (v) => { filter.from = v; if (filter.to < v) { filter.to = v; to.value = v; } });
    const [to, four] = choice("To", times, (v) => { filter.to = v; if (filter.from > v) { filter.from = v; from.value = v; } });
    to.value = filter.to;
    const reset = make("button", { type: "button" }, "Show all");
    reset.addEventListener("click", () => {
      Object.assign(filter, { category: -1, confidence: 0, from: 0, to: steps.length - 1 });
      [category.value, confidence.value, from.value, to.value] = [-1, 0, 0, steps.length - 1];
      render();
    });
    const [box, results] = search();
    const labels = [box, one, ...(data.flows.reviews.length ? [two] : []), ...(steps.length > 1 ? [three, four] : [])];
    return [make("div", { class: "controls", role: "group", "aria-label": "Search and filters" }, ...labels, reset), results];
  };

  map.prepend(...controls(), crumbs, status);
  map.append(view);
  document.body.append(tip);
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    tip.hidden = true;
    if (shown) go(above(shown));
  });
  window.addEventListener("hashchange", render);
  showPicture();
  preparePicture();
  render();
})();
