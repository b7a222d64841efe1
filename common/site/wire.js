// Moves the offset: shows the run of steps that was recorded for it. All text stands in the page's templates already.
"use strict";

const OFFSET = -1;
const id = (name) => document.getElementById(name);
const all = (place, selector) => [...place.querySelectorAll(selector)];

// As scripts/report/site/wire.py shows bytes.
const ESCAPES = {"\r": "\\r", "\n": "\\n\n", "\\": "\\\\"};
const hex = (byte) => "\\x" + byte.charCodeAt(0).toString(16).padStart(2, "0");
const shown = (data) => [...data]
  .map((byte) => ESCAPES[byte] || (byte >= " " && byte <= "~" ? byte : hex(byte)))
  .join("");

const cases = new Map(all(document, "template[data-case]").map((template) => [template.dataset.case, {
  shows: template.dataset.shows,
  about: template.dataset.about,
  data: JSON.parse(template.dataset.bytes),
  bytes: template.content.querySelector(".request"),
  lanes: all(template.content, "svg"),
  sides: all(template.content, "ol").map((list) => ({runs: JSON.parse(list.dataset.runs), lines: [...list.children]})),
}]));

const releases = all(id("lanes"), "span").map((label) => label.textContent);
const slider = id("offset");
let present = cases.get(id("case").value);
let telling = 0;

const runAt = (side, offset) => side.runs.find(([first, last]) => first <= offset && offset <= last);

function line(item, offset) {
  const copy = item.cloneNode(true);
  for (const piece of all(copy, "b")) {
    const [start, end] = [piece.dataset.start, piece.dataset.end].map(Number).map((at) => at === OFFSET ? offset : at);
    piece.dataset.start = start;
    piece.dataset.end = end;
    piece.textContent = shown(present.data.slice(start, end));
  }
  return copy;
}

function show() {
  const offset = Number(slider.value);
  id("wire").dataset.offset = offset;
  all(id("bytes"), "span").forEach((byte, index) => byte.classList.toggle("second", offset > 0 && index >= offset));
  const outcomes = all(document, ".side").map((place, index) => {
    const side = present.sides[index];
    const [, , outcome, numbers] = runAt(side, offset);
    const badge = place.querySelector(".badge");
    badge.className = "badge " + outcome;
    badge.textContent = outcome;
    place.querySelector(".steps").replaceChildren(...numbers.map((number) => line(side.lines[number], offset)));
    return releases[index] + " " + outcome;
  });
  const text = (offset ? "Split at " + offset : "Sent whole") + ": " + outcomes.join(", ") + ".";
  slider.setAttribute("aria-valuetext", text);
  id("told").textContent = text;
  for (const now of all(id("lanes"), ".now")) {
    now.setAttribute("x1", offset);
    now.setAttribute("x2", offset);
  }
  // A screen reader hears it once the offset rests, not at each byte on the way.
  clearTimeout(telling);
  telling = setTimeout(() => { id("said").textContent = text; }, 300);
}

function showCase(name, offset) {
  present = cases.get(name);
  id("case").value = name;
  id("shows").textContent = present.shows;
  id("about").setAttribute("href", present.about);
  id("bytes").replaceChildren(...present.bytes.cloneNode(true).childNodes);
  all(id("lanes"), "p").forEach((place, index) => place.querySelector("svg").replaceWith(present.lanes[index].cloneNode(true)));
  slider.max = present.data.length - 1;
  slider.value = offset;
  show();
}

function move(offset) {
  slider.value = offset;
  show();
}

const keep = () => history.replaceState(null, "", "#" + id("case").value + "/" + slider.value);

function button(name, offset) {
  id(name).addEventListener("click", () => {
    move(offset(Number(slider.value)));
    keep();
  });
}

// The offsets at which the first release begins to treat the client otherwise.
const changes = () => present.sides[0].runs
  .filter(([first, , outcome], index, runs) => first && runs[index - 1][2] !== outcome)
  .map(([first]) => first);

function follow(event) {
  const byte = document.elementFromPoint(event.clientX, event.clientY)?.closest("#bytes span");
  if (byte) move(all(id("bytes"), "span").indexOf(byte));
}

function readAddress() {
  const [name, offset] = decodeURIComponent(location.hash.slice(1)).split("/");
  if (!cases.has(name)) return false;
  showCase(name, /^\d+$/.test(offset) ? offset : telltale(name));
  return true;
}

// Where a case is best looked at first: where it is misrouted, else dropped.
function telltale(name) {
  const runs = cases.get(name).sides[0].runs;
  return (runs.find((run) => run[2] === "misrouted") || runs.find((run) => run[2] === "dropped") || runs[1])[0];
}

slider.addEventListener("input", show);
slider.addEventListener("change", keep);
id("case").addEventListener("change", (event) => { showCase(event.target.value, telltale(event.target.value)); keep(); });
button("next", (now) => changes().find((offset) => offset > now) ?? changes()[0]);
button("before", (now) => changes().findLast((offset) => offset < now) ?? changes().at(-1));
button("on", (now) => now + 1);
button("back", (now) => now - 1);
id("bytes").addEventListener("pointerdown", (event) => { follow(event); });
id("bytes").addEventListener("pointermove", (event) => { if (event.buttons) follow(event); });
id("bytes").addEventListener("pointerup", keep);
for (const steps of all(document, ".steps")) {
  steps.addEventListener("pointerover", (event) => {
    const pieces = all(event.target.closest("li") || steps, "li > code > b");
    const inside = (index) => event.target.closest("li") && pieces.some((piece) => index >= piece.dataset.start && index < piece.dataset.end);
    all(id("bytes"), "span").forEach((byte, index) => byte.classList.toggle("lit", Boolean(inside(index))));
  });
  steps.addEventListener("pointerleave", () => all(id("bytes"), ".lit").forEach((byte) => byte.classList.remove("lit")));
}
window.addEventListener("hashchange", readAddress);

for (const name of ["case-controls", "offset-controls", "change-controls"]) id(name).hidden = false;
id("bytes").classList.add("live");
if (!readAddress()) show();
