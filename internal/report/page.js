"use strict";
const find = document.getElementById("find"), state = document.getElementById("state"), shown = document.getElementById("shown");
const index = document.getElementById("index"), rows = index ? [...index.tBodies[0].rows] : [];
function filter() {
  const words = find.value.toLowerCase().split(/\s+/).filter(Boolean), want = state.value;
  let n = 0;
  for (const row of rows) {
    const section = document.getElementById(row.dataset.r);
    row.text ??= row.textContent.toLowerCase();
    const show = (!want || row.dataset.s === want) && words.every(w => row.text.includes(w));
    row.hidden = !show;
    section.hidden = !show;
    if (show) n++;
  }
  shown.textContent = n + " of " + rows.length + " repositories shown";
}
if (index) {
  document.querySelector(".tools").hidden = false;
  find.addEventListener("input", filter);
  state.addEventListener("change", filter);
  [...index.tHead.rows[0].cells].forEach((head, i) => head.querySelector("button").addEventListener("click", () => {
    const down = head.getAttribute("aria-sort") === "ascending";
    for (const h of index.tHead.rows[0].cells) h.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    const order = new Intl.Collator("en", {numeric: true});
    rows.sort((a, b) => order.compare(a.cells[i].textContent, b.cells[i].textContent) * (down ? -1 : 1));
    index.tBodies[0].append(...rows);
  }));
}
function view(svg, x, width) {
  width = Math.min(1000, Math.max(1, width));
  x = Math.min(1000 - width, Math.max(0, x));
  svg.setAttribute("viewBox", x + " 0 " + width + " " + svg.getAttribute("height"));
  const from = +svg.dataset.from, per = (+svg.dataset.to - from) / 1000, ends = svg.closest("figure").querySelectorAll("time");
  [x, x + width].forEach((at, i) => { ends[i].textContent = new Date((from + at * per) * 1000).toISOString().slice(0, 19) + "Z"; });
}
for (const svg of document.querySelectorAll("svg.t")) {
  const said = svg.closest("section").querySelector(".said");
  svg.addEventListener("pointerover", e => { const t = e.target.querySelector("title"); if (t && e.target !== svg) said.textContent = t.textContent; });
  svg.addEventListener("keydown", e => {
    const [x, , width] = svg.getAttribute("viewBox").split(" ").map(Number), middle = x + width / 2;
    if (e.key === "+" || e.key === "=") view(svg, middle - width / 4, width / 2);
    else if (e.key === "-") view(svg, middle - width, width * 2);
    else if (e.key === "ArrowLeft") view(svg, x - width / 4, width);
    else if (e.key === "ArrowRight") view(svg, x + width / 4, width);
    else if (e.key === "0") view(svg, 0, 1000);
    else return;
    e.preventDefault();
  });
}
