"use strict";
// Everything is on the page without this script: it hides panels, shows values, sorts tables.
(() => {
  const make = (tag, attributes, ...children) => {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    made.append(...children);
    return made;
  };

  const choosePanels = (group) => {
    const parts = [...group.querySelectorAll(":scope > .panel")];
    if (parts.length < 2) return;
    const list = make("select", {});
    for (const part of parts) {
      list.append(make("option", { value: part.id }, part.querySelector("h3").textContent));
    }
    list.append(make("option", { value: "" }, "All, one below the other"));
    const show = (wanted) => {
      list.value = wanted;
      group.classList.toggle("one", Boolean(wanted));
      for (const part of parts) part.hidden = Boolean(wanted) && part.id !== wanted;
    };
    const follow = () => {
      const wanted = decodeURIComponent(location.hash.slice(1));
      if (!parts.some((part) => part.id === wanted)) return;
      show(wanted);
      group.scrollIntoView();
    };
    list.addEventListener("change", () => {
      show(list.value);
      history.replaceState(null, "", list.value ? `#${list.value}` : "#");
    });
    group.prepend(make("label", { class: "chooser" }, `${group.dataset.choose} `, list));
    show(parts[0].id);
    follow();
    window.addEventListener("hashchange", follow);
  };

  const tip = make("div", { class: "tip", role: "status", hidden: "" });

  const readValues = (chart) => {
    const [steps, ...rows] = chart.dataset.values.split("\n").map((line) => line.split("|"));
    return { steps, rows };
  };

  const showValues = (chart, step) => {
    const { steps, rows } = readValues(chart);
    if (step < 0 || step >= steps.length) return;
    chart.dataset.step = step;
    const lines = rows.filter((row) => row[step + 1]).map((row) => `${row[0]}: ${row[step + 1]}`);
    tip.replaceChildren(make("strong", {}, steps[step]), ...lines.map((line) => make("div", {}, line)));
    tip.hidden = false;
    const left = Number(chart.dataset.left), right = Number(chart.dataset.right);
    const x = left + ((step + 0.5) * (right - left)) / steps.length;
    let rule = chart.querySelector(".rule");
    if (!rule) {
      rule = document.createElementNS(chart.namespaceURI, "path");
      rule.setAttribute("class", "rule");
      chart.append(rule);
    }
    rule.setAttribute("d", `M${x} 8V${chart.viewBox.baseVal.height - 22}`);
    const box = chart.getBoundingClientRect();
    const at = box.left + (x * box.width) / chart.viewBox.baseVal.width;
    const most = document.documentElement.clientWidth - tip.offsetWidth - 4;
    const beside = at + 12 > most ? at - tip.offsetWidth - 12 : at + 12;
    tip.style.left = `${window.scrollX + Math.max(4, Math.min(beside, most))}px`;
    tip.style.top = `${window.scrollY + box.top + 8}px`;
  };

  const hideValues = (chart) => {
    tip.hidden = true;
    chart.querySelector(".rule")?.remove();
    delete chart.dataset.step;
  };

  const watchChart = (chart) => {
    const stepAt = (event) => {
      const box = chart.getBoundingClientRect();
      const x = ((event.clientX - box.left) * chart.viewBox.baseVal.width) / box.width;
      const left = Number(chart.dataset.left), right = Number(chart.dataset.right);
      const steps = chart.dataset.values.split("\n", 1)[0].split("|").length;
      return Math.max(0, Math.min(steps - 1, Math.floor(((x - left) / (right - left)) * steps)));
    };
    chart.addEventListener("pointermove", (event) => showValues(chart, stepAt(event)));
    chart.addEventListener("pointerdown", (event) => showValues(chart, stepAt(event)));
    chart.addEventListener("pointerleave", () => hideValues(chart));
    chart.addEventListener("blur", () => hideValues(chart));
    chart.addEventListener("keydown", (event) => {
      const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (event.key === "Escape") hideValues(chart);
      if (!by) return;
      event.preventDefault();
      const steps = readValues(chart).steps.length;
      const now = chart.dataset.step === undefined ? (by > 0 ? -1 : steps) : Number(chart.dataset.step);
      showValues(chart, Math.max(0, Math.min(steps - 1, now + by)));
    });
  };

  const number = (text) => {
    const found = text.replace(/,/g, "").replace("\u2212", "-").match(/[-+]?\d+(\.\d+)?/);
    return found ? Number(found[0]) : -Infinity;
  };

  const sortTable = (table) => {
    const body = table.tBodies[0], heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, column) => {
      if (!head.textContent) return;
      const button = make("button", { type: "button" }, ...head.childNodes);
      head.append(button);
      const numeric = head.classList.contains("number");
      button.addEventListener("click", () => {
        const up = head.getAttribute("aria-sort") === (numeric ? "descending" : "none");
        const upwards = numeric ? up : head.getAttribute("aria-sort") !== "ascending";
        for (const other of heads) other.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", upwards ? "ascending" : "descending");
        const text = (row) => row.cells[column].textContent;
        const order = (a, b) =>
          numeric ? number(text(a)) - number(text(b)) : text(a).localeCompare(text(b));
        body.append(...[...body.rows].sort((a, b) => (upwards ? order(a, b) : order(b, a))));
      });
    });
  };

  document.body.append(tip);
  document.querySelectorAll(".panels").forEach(choosePanels);
  document.querySelectorAll("svg[data-values]").forEach(watchChart);
  document.querySelectorAll("table.sortable").forEach(sortTable);
})();
