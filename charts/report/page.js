"use strict";
(() => {
const all = (s, e = document) => [...e.querySelectorAll(s)];
const one = (s, e = document) => e.querySelector(s);
const make = (tag, props = {}, ...inside) => { const e = Object.assign(document.createElement(tag), props); e.append(...inside); return e; };
const status = one("#status");
const say = text => { status.textContent = ""; setTimeout(() => { status.textContent = text; }, 50); };

// Sorting: a button in every head; the value of a cell is its data, else its text.
const valueOf = cell => {
  const data = one("data", cell);
  const text = data ? data.value : cell.textContent.trim();
  return text !== "" && isFinite(text) ? Number(text) : text;
};
const order = (a, b) => {
  if (a === "" || b === "") return a === b ? 0 : a === "" ? 1 : -1;
  if (typeof a === "number" && typeof b === "number") return a - b;
  return String(a).localeCompare(String(b), undefined, { numeric: true });
};
const sortBy = (table, at, down) => {
  const body = table.tBodies[0];
  const rows = [...body.rows].filter(r => !r.classList.contains("sum"));
  const sums = [...body.rows].filter(r => r.classList.contains("sum"));
  rows.map((row, i) => ({ row, i, v: valueOf(row.cells[at]) }))
    .sort((x, y) => { const empty = x.v === "" || y.v === ""; return (down && !empty ? -1 : 1) * order(x.v, y.v) || x.i - y.i; })
    .forEach(x => body.append(x.row));
  sums.forEach(r => body.append(r));
};
for (const table of all("table.sorts")) {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((th, at) => {
    const button = make("button", { type: "button", className: "sort" });
    button.append(...th.childNodes);
    th.append(button);
    button.addEventListener("click", () => {
      const numeric = th.classList.contains("n");
      const down = th.hasAttribute("aria-sort") ? th.getAttribute("aria-sort") === "ascending" : numeric;
      heads.forEach(h => h.removeAttribute("aria-sort"));
      th.setAttribute("aria-sort", down ? "descending" : "ascending");
      sortBy(table, at, down);
      say(table.dataset.sorted + " " + button.textContent.trim() + (down ? " ↓" : " ↑"));
    });
  });
}

// Filtering: a field above every longer table; the words may stand in any order.
const refresh = table => {
  const rows = [...table.tBodies[0].rows];
  const words = (table.words || "").toLowerCase().split(/\s+/).filter(w => w);
  let shown = 0;
  for (const row of rows) {
    const text = row.textContent.toLowerCase();
    const on = words.every(w => text.includes(w)) && (!table.keep || table.keep(row));
    row.hidden = !on;
    if (on) shown++;
  }
  table.shown = shown;
  if (table.told) table.told.textContent = shown === rows.length ? "" : shown + " / " + rows.length;
};
for (const table of all("table.sorts")) {
  if (table.tBodies[0].rows.length < 8) continue;
  const field = make("input", { type: "search", id: "f-" + table.id, autocomplete: "off" });
  table.told = make("output", { htmlFor: field.id });
  const label = make("label", { htmlFor: field.id, textContent: table.dataset.filter });
  table.closest(".scroll").before(make("div", { className: "filter" }, label, field, table.told));
  field.addEventListener("input", () => { table.words = field.value; refresh(table); });
}

// A figure leads to its calls: data-where holds their keys.
const calls = one("#t-calls");
const bar = one("#calls-shown");
const command = one("#calls-command");
const plain = command ? command.textContent : "";
const quote = s => /^[\w.,:=@%+\/-]+$/.test(s) ? s : "'" + s.replaceAll("'", "'\\''") + "'";
const onlyHere = ["from", "to", "talk", "rang"];
const showCalls = (where, count) => {
  if (!calls) return;
  const keys = new Map();
  for (const [k, v] of new URLSearchParams(where)) keys.set(k, [...(keys.get(k) || []), v]);
  calls.keep = row => [...keys].every(([k, wanted]) => {
    const at = Number(row.dataset.at || 0);
    if (k === "from") return at >= Number(wanted[0]);
    if (k === "to") return at < Number(wanted[0]);
    const has = (row.dataset[k] ?? "").split("\n");
    return wanted.some(w => has.includes(w));
  });
  refresh(calls);
  const parts = [...keys].filter(([k]) => k !== "from" && k !== "to").map(([k, v]) => k.replaceAll("_", " ") + " " + v.map(x => x || "–").join(", "));
  if (keys.has("from")) parts.push(calls.dataset.span);
  bar.textContent = calls.dataset.told.replace("{n}", calls.shown).replace("{all}", count || "?").replace("{what}", parts.join("; ") || calls.dataset.all);
  if (command) command.textContent = plain + [...keys].filter(([k]) => !onlyHere.includes(k)).map(([k, v]) => " --where " + quote(k + "=" + v.join(","))).join("");
  one("#calls-all").hidden = keys.size === 0;
  say(bar.textContent);
};
document.addEventListener("click", event => {
  const link = event.target.closest("a[data-where], a[data-all]");
  if (!link || (link.dataset.where || "").startsWith("#")) return;
  event.preventDefault();
  const data = one("data", link) || link.closest("data");
  showCalls(link.dataset.where || "", link.dataset.n || (data ? data.value : ""));
  const head = one("#h-calls");
  history.pushState(null, "", "#calls");
  head.focus({ preventScroll: true });
  head.scrollIntoView();
});
one("#calls-all")?.addEventListener("click", () => {
  calls.keep = null;
  refresh(calls);
  bar.textContent = "";
  if (command) command.textContent = plain;
  one("#calls-all").hidden = true;
  say(calls.dataset.all);
});

// A link to a ladder or to raw lines opens what it is in.
const open = () => {
  let target = null;
  try { target = document.getElementById(decodeURIComponent(location.hash.slice(1))); } catch { return; }
  if (!target) return;
  for (let e = target; e; e = e.parentElement) if (e.tagName === "DETAILS") e.open = true;
  if (target.tagName === "DETAILS") one("summary", target).focus({ preventScroll: true });
  else if (target.hasAttribute("tabindex")) target.focus({ preventScroll: true });
  target.scrollIntoView();
};
addEventListener("hashchange", open);
document.addEventListener("click", event => {
  const link = event.target.closest('a[href^="#call-"], a[href^="#m-"]');
  const href = link && link.getAttribute("href");
  if (href && location.hash === href) open();
});
if (location.hash) open();

// Light and dark: what the system says, until the button is used.
const theme = one("#theme");
theme.hidden = false;
const dark = () => (document.documentElement.dataset.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
const paint = () => theme.setAttribute("aria-pressed", dark());
theme.addEventListener("click", () => { document.documentElement.dataset.theme = dark() ? "light" : "dark"; paint(); });
paint();
})();
