// The desk works without this: it adds keys, and goes on to the next finding without waiting.
"use strict";
(() => {
  const root = document.body.dataset.root;
  const work = document.getElementById("work");
  const toast = document.getElementById("toast");
  const keys = document.getElementById("keys");
  const STORED = "reviewdesk-keys";
  const finding = () => document.getElementById("finding");

  // What is sent goes one after the other, so that an undo finds its decision.
  let sending = Promise.resolve();
  let next = null; // the next finding, fetched ahead
  let passed = [];

  const post = (path, fields) => {
    const answer = sending.then(async () => {
      const response = await fetch(root + path, {
        method: "POST",
        headers: { "x-reviewdesk-fragment": "1", accept: "application/json" },
        body: fields,
      });
      const value = await response.json().catch(() => ({}));
      if (!response.ok) throw new Error(value.error ? value.error.message : response.statusText);
      return value;
    });
    sending = answer.catch(() => {});
    return answer;
  };

  const say = (markup, problem) => {
    toast.className = problem ? "problem" : "";
    if (problem) {
      toast.textContent = markup;
    } else {
      toast.innerHTML = markup; // the desk's own markup, with texts escaped
    }
  };

  const fail = (error) => say(error.message, true);

  const left = (text) => {
    const element = document.getElementById("left");
    if (element && text) element.textContent = text;
  };

  const fields = (form) => new URLSearchParams(new FormData(form));

  const show = (part) => {
    work.innerHTML = part.markup;
    work.className = "";
    const heading = work.querySelector("h2");
    if (heading) {
      heading.tabIndex = -1;
      heading.focus({ preventScroll: true });
    }
    window.scrollTo({ top: 0 });
  };

  const prefetch = () => {
    next = null;
    for (const button of document.querySelectorAll("button.pass")) button.hidden = false;
    const form = work && work.querySelector("form.decide");
    if (!form) return;
    const body = fields(form);
    body.append("pass", finding().dataset.finding);
    for (const name of passed) body.append("pass", name);
    next = post("/queue/next", body);
    next.catch(() => { next = null; });
  };

  const goOn = async () => {
    const waiting = next || null;
    work.className = "waiting";
    try {
      if (!waiting) {
        window.location.assign(root + "/?" + work.dataset.query);
        return;
      }
      show(await waiting);
      prefetch();
    } catch (error) {
      work.className = "";
      fail(error);
    }
  };

  const decide = (form, button) => {
    const body = fields(form);
    if (button && button.name) body.set(button.name, button.value);
    const before = work.innerHTML;
    const sent = post("/decide", body);
    sent.then(
      (answer) => { say(answer.toast); left(answer.left); },
      (error) => { work.innerHTML = before; work.className = ""; next = null; fail(error); },
    );
    goOn();
  };

  const undo = async (form) => {
    const body = fields(form);
    try {
      const answer = await post("/undo", body);
      say(answer.toast);
      left(answer.left);
      if (answer.markup && finding()) { show(answer); prefetch(); }
      else if (!finding()) window.location.reload();
    } catch (error) { fail(error); }
  };

  const pass = () => {
    passed = [...passed, finding().dataset.finding].slice(-100);
    goOn();
  };

  document.addEventListener("click", (event) => {
    if (event.target.closest("button.pass")) pass();
  });

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.matches("form.decide") && work && location.pathname === root + "/") {
      event.preventDefault();
      decide(form, event.submitter);
    } else if (form.matches("form.undo") && work && location.pathname === root + "/") {
      event.preventDefault();
      undo(form);
    }
  });

  const keysOn = document.getElementById("keys-on");
  try { keysOn.checked = localStorage.getItem(STORED) !== "off"; } catch { /* no storage */ }
  keysOn.addEventListener("change", () => {
    try { localStorage.setItem(STORED, keysOn.checked ? "on" : "off"); } catch { /* no storage */ }
  });
  for (const button of document.querySelectorAll(".show-keys"))
    button.addEventListener("click", () => keys.showModal());

  const writes = (element) => element.closest("input:not([type=checkbox]), textarea, select, [contenteditable]");

  const press = (selector) => {
    const element = document.querySelector(selector);
    if (element) element.click();
    return Boolean(element);
  };

  const open = (selector) => {
    const element = document.querySelector(selector);
    if (!element) return false;
    element.open = true;
    const field = element.querySelector("input:not([type=hidden]), textarea");
    if (field) field.focus();
    return true;
  };

  const focus = (selector) => {
    const element = document.querySelector(selector);
    if (element) element.focus();
    return Boolean(element);
  };

  const ACTIONS = {
    1: () => press("form.decide button[value=right]"),
    2: () => press("form.decide button[value=wrong]"),
    3: () => press("form.decide button[value=unsure]"),
    n: () => (finding() && location.pathname === root + "/" ? (pass(), true) : false),
    z: () => press("#toast form.undo button, .done form.undo button"),
    r: () => focus("#reason"),
    e: () => open("details.others"),
    f: () => focus(".filters a"),
    "/": () => focus("input[type=search]"),
    "?": () => { keys.showModal(); return true; },
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing || keys.open) return;
    if (event.key === "Escape" && writes(event.target)) { event.target.blur(); return; }
    if (!keysOn.checked || writes(event.target) || event.repeat) return;
    const action = ACTIONS[event.key];
    if (action && action()) event.preventDefault();
  });

  // Dragging over the months of a histogram chooses them.
  for (const part of document.querySelectorAll(".histogram")) {
    const svg = part.querySelector("svg");
    const months = part.dataset.months.split(" ");
    const form = part.querySelector("form");
    const left = Number(svg.dataset.left);
    const right = Number(svg.dataset.right);
    const width = svg.viewBox.baseVal.width;
    const place = (event) => {
      const box = svg.getBoundingClientRect();
      const x = ((event.clientX - box.left) / box.width) * width;
      const share = (x - left) / (right - left);
      return Math.min(months.length - 1, Math.max(0, Math.floor(share * months.length)));
    };
    let from = null;
    const band = document.createElementNS("http://www.w3.org/2000/svg", "rect");
    band.setAttribute("class", "selection");
    svg.addEventListener("pointerdown", (event) => {
      from = place(event);
      svg.setPointerCapture(event.pointerId);
      svg.append(band);
      event.preventDefault();
    });
    svg.addEventListener("pointermove", (event) => {
      if (from === null) return;
      const [low, high] = [from, place(event)].sort((a, b) => a - b);
      const step = (right - left) / months.length;
      band.setAttribute("x", left + low * step);
      band.setAttribute("width", (high - low + 1) * step);
      band.setAttribute("y", 0);
      band.setAttribute("height", svg.viewBox.baseVal.height);
    });
    svg.addEventListener("pointerup", (event) => {
      if (from === null) return;
      const [low, high] = [from, place(event)].sort((a, b) => a - b);
      from = null;
      form.elements.since.value = months[low];
      form.elements.until.value = months[high];
      form.requestSubmit();
    });
    svg.addEventListener("pointercancel", () => { from = null; band.remove(); });
  }

  if (work && location.pathname === root + "/") prefetch();
})();
