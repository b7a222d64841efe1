// The page's part of the look-up, of the filter and of the diff. Without it the pages still say all that they say.
"use strict";

const byId = (id) => document.getElementById(id);

function element(name, text, kind) {
  const made = document.createElement(name);
  if (text) made.textContent = text;
  if (kind) made.className = kind;
  return made;
}

// Returns what an address escapes, as it is where it escapes nothing that can be read.
function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

// The look-up: the answer follows what is typed or pasted.
function startLookUp(part) {
  const [asked, parser, place] = [byId("asked"), byId("parser"), byId("answer")];
  const show = () => {
    const found = lookUp(HISTORY, asked.value, parser.value);
    place.replaceChildren(...[found.lead, found.because].filter(Boolean).map((text) => element("p", text, "lead")), ...found.answers.map(shownAnswer));
    if (found.link) place.append(linkTo(found.link));
  };
  const linkTo = (text) => {
    const line = element("p", "A link to this answer: ", "note");
    const target = `#${encodeURIComponent(text)}${parser.value ? `/${parser.value}` : ""}`;
    const link = element("a", decoded(target));
    link.href = target;
    line.append(link);
    return line;
  };
  const follow = () => {
    const [, text, named] = /^#?(.*?)(?:\/([a-z0-9]+))?$/.exec(location.hash);
    if (!text || byId(text)) return; // a place of the page, as the skip link names
    asked.value = decoded(text);
    parser.value = HISTORY.parsers.includes(named) ? named : "";
    show();
  };
  part.hidden = false;
  asked.addEventListener("input", show);
  parser.addEventListener("change", show);
  window.addEventListener("hashchange", follow);
  follow();
}

function shownAnswer(answer) {
  const section = element("section", "", `found ${answer.standing}`);
  section.append(element("h3", answer.line ? answer.title : `${sentence(answer.title)}.`));
  if (!answer.line) return section;
  const body = element("div");
  body.innerHTML = answer.html; // of data.js, which is made with everything in it escaped
  if (!answer.html) body.append(element("p", `${answer.line}.`));
  for (const note of answer.html ? answer.notes : []) {
    if (!body.textContent.includes(note)) body.append(element("p", `${note}.`, "note"));
  }
  section.append(body);
  if (answer.release) {
    const more = element("p");
    const link = element("a", `All about ${answer.release}`);
    link.href = `releases/${answer.release}.html`;
    more.append(link);
    section.append(more);
  }
  return section;
}

// The diff of two releases with one parser.
function startDiff(part) {
  const [from, to, parser, place] = [byId("diff-from"), byId("diff-to"), byId("diff-parser"), byId("diff-answer")];
  const evidence = (release) => HISTORY.evidence[HISTORY.releases.find((row) => row[0] === release)[2][parser.value][1]];
  const show = () => {
    const [before, after] = [evidence(from.value), evidence(to.value)].map((cases) => new Map(cases.map(([name, ...told]) => [name, told])));
    const changed = [...new Set([...before.keys(), ...after.keys()])].filter((name) => String(before.get(name)) !== String(after.get(name)));
    if (!changed.length) {
      place.replaceChildren(element("p", `Nothing: ${from.value} and ${to.value} do the same, offset by offset.`));
      return;
    }
    const table = element("table");
    const cell = (told) => element("td", told ? told[1] : "not measured", told ? told[0] : "");
    table.append(element("caption", `${changed.length} of ${HISTORY.cases.length} cases changed`));
    table.append(rowOf([element("th", "Case"), element("th", from.value), element("th", to.value)]));
    for (const name of changed) table.append(rowOf([element("th", name), cell(before.get(name)), cell(after.get(name))]));
    place.replaceChildren(table);
  };
  const fill = () => {
    const measured = HISTORY.releases.filter((row) => row[2][parser.value] && row[2][parser.value][1] >= 0).map((row) => row[0]).reverse();
    const edge = measured.findIndex((release, at) => at + 1 < measured.length && evidence(release) !== evidence(measured[at + 1]));
    const defaults = [measured[edge < 0 ? Math.min(1, measured.length - 1) : edge + 1], measured[Math.max(edge, 0)]];
    [from, to].forEach((select, at) => {
      const kept = measured.includes(select.value) ? select.value : defaults[at];
      select.replaceChildren(...measured.map((release) => element("option", release)));
      select.value = kept;
    });
    show();
  };
  const follow = () => {
    const found = /^#([^/]+)\.\.([^/]+)\/([a-z0-9]+)$/.exec(location.hash);
    if (found && HISTORY.parsers.includes(found[3])) parser.value = found[3];
    fill();
    if (!found) return;
    [from.value, to.value] = [found[1], found[2]];
    if (from.value && to.value) show();
    else fill();
  };
  part.hidden = false;
  parser.addEventListener("change", fill);
  for (const select of [from, to]) select.addEventListener("change", show);
  window.addEventListener("hashchange", follow);
  follow();
}

function rowOf(cells) {
  const row = element("tr");
  cells.forEach((cell) => {
    if (cell.tagName === "TH") cell.scope = cell === cells[0] ? "row" : "col";
  });
  row.append(...cells);
  return row;
}

// The filter of a parser's table.
function startFilter(part) {
  const [release, chosen, outcome, edges, count] = ["release", "case", "outcome", "edges", "count"].map((name) => byId(`filter-${name}`));
  const rows = [...document.querySelectorAll("#releases tbody tr")];
  const cases = [...document.querySelectorAll("#releases thead th")].slice(2).map((cell) => cell.textContent.trim());
  const show = () => {
    const column = cases.indexOf(chosen.value);
    const fits = (row) => {
      const cells = [...row.cells].slice(2).filter((_, place) => column < 0 || place === column);
      return row.cells[0].textContent.startsWith(release.value.trim().replace(/^v/, ""))
        && (!outcome.value || cells.some((cell) => cell.textContent === outcome.value))
        && (!edges.checked || row.classList.contains("edge"));
    };
    let shown = 0;
    for (const row of rows) {
      row.hidden = !fits(row);
      shown += row.hidden ? 0 : 1;
    }
    count.textContent = `${shown} of ${rows.length} releases`;
  };
  part.hidden = false;
  part.addEventListener("input", show);
  show();
}

for (const [id, start] of [["look-up", startLookUp], ["diff", startDiff], ["filter", startFilter]]) {
  if (byId(id)) start(byId(id));
}
