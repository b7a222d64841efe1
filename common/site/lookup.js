// What a text says of uvicorn, and which releases that means. Nothing here touches the page, and no answer is made here:
// those are in data.js, by the rules of `make affected`. What is said of versions is PEP 440's.
"use strict";

const PEP440 = new RegExp("^v?(?:([0-9]+)!)?([0-9]+(?:\\.[0-9]+)*)(?:[-_.]?(alpha|beta|preview|pre|rc|a|b|c)[-_.]?([0-9]*))?"
  + "(?:-([0-9]+)|[-_.]?(post|rev|r)[-_.]?([0-9]*))?([-_.]?dev[-_.]?([0-9]*))?(?:\\+([a-z0-9]+(?:[-_.][a-z0-9]+)*))?$", "i");
const KINDS = { alpha: "a", beta: "b", c: "rc", pre: "rc", preview: "rc" };
const CLAUSE = /^(===|==|~=|!=|<=|>=|<|>)\s*(\S+)$/;
const OPERATORS = "===|==|~=|!=|<=|>=|<|>|\\^|~|=";
const ONE_CLAUSE = `(?:${OPERATORS})\\s*v?[0-9][^\\s,;=<>"'#()\\\\\\]}|]*`;
const SPECIFIER = new RegExp(`^\\s*\\(?\\s*(${ONE_CLAUSE}(?:\\s*,\\s*${ONE_CLAUSE})*)`);

// How an extra stands behind the name: , extra = ["standard"], = { extras = ["standard"].
const EXTRAS = /^["']?\s*(?:,|[:=]\s*\{)[^{}]*?extras?["']?\s*[:=]\s*\[[^\]]*\bstandard\b/;

// Returns a version's parts, or null where it is none.
function parseVersion(text) {
  const found = PEP440.exec(text.trim());
  if (!found) return null;
  const number = (digits) => Number(digits || 0);
  const pre = found[3] && found[3].toLowerCase();
  return {
    epoch: number(found[1]),
    release: found[2].split(".").map(Number),
    pre: pre ? [KINDS[pre] || pre, number(found[4])] : null,
    post: found[5] || found[6] ? number(found[5] || found[7]) : null,
    dev: found[8] ? number(found[9]) : null,
    local: found[10] ? found[10].toLowerCase().replace(/[-_]/g, ".") : "",
  };
}

// Returns a version as PEP 440 spells it.
function spelt(version) {
  const part = (word, value) => (value === null ? "" : `${word}${value}`);
  return (version.epoch ? `${version.epoch}!` : "") + version.release.join(".") + (version.pre ? version.pre.join("") : "")
    + part(".post", version.post) + part(".dev", version.dev) + (version.local ? `+${version.local}` : "");
}

// Returns what two versions are compared by: lists of numbers and words, of which the first that differs decides.
function key(version) {
  const release = version.release.join(".").replace(/(\.0)+$/, "").split(".").map(Number);
  const pre = version.pre || [version.post === null && version.dev !== null ? "" : "~", 0];
  return [[version.epoch], release, pre, [version.post === null ? -1 : version.post], [version.dev === null ? Infinity : version.dev]];
}

function compare(one, other) {
  const [left, right] = [key(one), key(other)];
  for (let part = 0; part < left.length; part += 1) {
    for (let place = 0; place < Math.max(left[part].length, right[part].length); place += 1) {
      const [a, b] = [left[part][place] ?? -1, right[part][place] ?? -1];
      if (a !== b) return a < b ? -1 : 1;
    }
  }
  return 0;
}

// The releases' own versions are parsed once: a range asks for all of them.
const parsed = new Map();
function versionOf(release) {
  if (!parsed.has(release)) parsed.set(release, parseVersion(release));
  return parsed.get(release);
}

const isPre = (version) => version.pre !== null || version.dev !== null;

// Returns `length` parts of a release: 0.12 of 0.12.3, and 0.12.0 of 0.12.
const firstParts = (version, length) => Array.from({ length }, (_, place) => version.release[place] ?? 0).join(".");

const hasPrefix = (version, prefix) =>
  version.epoch === prefix.epoch && firstParts(version, prefix.release.length) === prefix.release.join(".");

// Says whether a version is what one clause of a range asks for; null where the clause cannot be read.
function meets(version, clause) {
  const found = CLAUSE.exec(clause);
  if (!found) return null;
  const [, operator, text] = found;
  if (operator === "===") return spelt(version) === text.toLowerCase();
  const prefix = /^(.+)\.\*$/.exec(text);
  const asked = parseVersion(prefix ? prefix[1] : text);
  if (!asked || (prefix && operator !== "==" && operator !== "!=")) return null;
  const order = compare(version, asked);
  const sameRelease = compare({ ...version, pre: null, post: null, dev: null }, { ...asked, pre: null, post: null, dev: null }) === 0;
  switch (operator) {
    case "==": return prefix ? hasPrefix(version, asked) : order === 0;
    case "!=": return prefix ? !hasPrefix(version, asked) : order !== 0;
    case ">=": return order >= 0;
    case "<=": return order <= 0;
    case ">": return order > 0 && !(asked.post === null && version.post !== null && sameRelease);
    case "<": return order < 0 && !(!isPre(asked) && isPre(version) && sameRelease);
    default: // ~=
      if (asked.release.length < 2) return null;
      return order >= 0 && hasPrefix(version, { ...asked, release: asked.release.slice(0, -1) });
  }
}

// Returns the clauses of a range, those of Poetry (^0.12, ~0.12) and conda (=0.12) as PEP 440 writes them.
function clauses(range) {
  return range.split(",").map((each) => each.trim()).filter(Boolean).flatMap((each) => {
    const found = /^(\^|~(?!=)|=(?!=))\s*(.+)$/.exec(each);
    if (!found) return [each];
    const version = parseVersion(found[2].replace(/\.?\*$/, ""));
    if (!version) return [each];
    if (found[1] === "=") return [`==${version.release.join(".")}.*`];
    const nonzero = version.release.findIndex((part) => part > 0);
    const kept = found[1] === "~" ? Math.min(version.release.length, 2) - 1 : nonzero < 0 ? version.release.length - 1 : nonzero;
    const above = version.release.slice(0, kept + 1);
    above[kept] += 1;
    return [`>=${spelt(version)}`, `<${above.join(".")}`];
  });
}

// Returns those of the releases that a range asks for, pre-releases only where it names one or nothing else is left;
// null where the range cannot be read.
function within(releases, range) {
  const asked = clauses(range);
  const versions = releases.map(versionOf);
  if (asked.some((clause) => meets(versions[0] || parseVersion("0"), clause) === null)) return null;
  const found = releases.filter((_, place) => asked.every((clause) => meets(versions[place], clause)));
  const named = asked.some((clause) => !clause.startsWith("!=") && isPre(parseVersion(clause.replace(/^[=~<>!]+\s*|\.\*$/g, "")) || { pre: null, dev: null }));
  const plain = found.filter((release) => !isPre(versionOf(release)));
  return named || !plain.length ? found : plain;
}

// Returns what a version means that a user or a distribution wrote, with what must be said of it; null where it is none.
function readAsked(text, patterns) {
  const [named, file, distribution, revision] = patterns;
  const bare = text.trim().replace(new RegExp(named, "i"), "").replace(new RegExp(file), "");
  const found = new RegExp(`^(?:${distribution})$`).exec(bare);
  if (found && new RegExp(`^(?:${revision})`).test(found.groups.build)) {
    const release = found.groups.release.replaceAll("~", "");
    const version = parseVersion(release);
    return version && { version, notes: [`${bare} is a distribution's rebuild of ${release}: patches of its own are not known here`] };
  }
  const version = parseVersion(bare);
  if (!version || !version.local) return version && { version, notes: [] };
  return { version: { ...version, local: "" }, notes: [`What the local version +${version.local} changed is not known here`] };
}

// Returns a text's lines without comments, those that end with a backslash joined with the next.
function logicalLines(text) {
  return text.replace(/\r\n?/g, "\n").replace(/\\\n/g, " ").split("\n").map((line) => line.replace(/(^|\s)#.*$/, "")).join("\n");
}

// Returns what stands behind one mention of uvicorn: { version } or { range } as it is written, { hash } or {}.
function mention(rest) {
  let found;
  if ((found = /^-([0-9][^\s"'#]*?)(?:-py[23][^\s"']*\.(?:whl|egg)|\.tar\.gz|\.zip)/.exec(rest))) return { version: found[1] };
  if ((found = /^-([0-9][^\s"'#,;]*(?:,[0-9]+(?![\w.]))?)/.exec(rest))) return { version: found[1] };
  // uvx writes uvicorn@0.16.0. A service of systemd is uvicorn@8000, so that a version has a dot here.
  if ((found = /^@v?([0-9]+\.[0-9][^\s"'#,;]*)/.exec(rest))) return { version: found[1] };
  // pip show, apt show, rpm -qi; then apt list: python3-uvicorn/stable,now 0.17.6-1 all.
  if ((found = /^\s*\nVersion\s*:\s*([0-9]\S*)/.exec(rest))) return { version: found[1] };
  if ((found = /^\/[^\s/]+ ([0-9]+[.:]\S*)/.exec(rest))) return { version: found[1] };
  if ((found = /^\s+@\s+(\S+)/.exec(rest))) {
    const source = /uvicorn-([0-9][^-\s]*?)(?:-py|\.tar\.gz|\.zip)/.exec(found[1]) || /@v?([0-9][0-9.]*[0-9a-z.]*)(?:#|$)/.exec(found[1]);
    return source ? { version: source[1] } : {};
  }
  if ((found = SPECIFIER.exec(rest))) return { range: found[1] };
  if ((found = /^["']\s*,?\s*["']?version["']?\s*[:=]\s*["']([^"']+)["']/.exec(rest))) return { version: found[1] };
  if ((found = /^["']\s*,[^{}]*?specifier\s*=\s*["']([^"']*)["']/.exec(rest))) return { range: found[1] };
  if ((found = /^["']?\s*[:=]\s*\{[^{}]*?["']?version["']?\s*[:=]\s*["']([^"']+)["']/.exec(rest))) return poetry(found[1]);
  if ((found = /^["']?\s*[:=]\s*["']([^"']+)["']/.exec(rest))) return poetry(found[1]);
  if ((found = /^[ \t]+v?([0-9][^\s,;]*)/.exec(rest))) return poetry(found[1]);
  if (/^["']?\s*[:=]?\s*\{[^{}]*sha(256|512)[:=]|^[^\n]*--hash[= ]/.test(rest)) return { hash: true };
  return {};
}

// Returns what Poetry, Pipenv or conda wrote: a version by itself is that version, 0.15.* is all of 0.15, a star is any.
function poetry(written) {
  const text = written.trim();
  if (!/^[0-9]/.test(text)) return { range: text === "*" ? ">=0" : text };
  return text.endsWith(".*") ? { range: `==${text}` } : { version: text };
}

// Returns all that a text says: the versions and ranges that it names, and what uvicorn reads HTTP with there.
function readText(text) {
  const lines = logicalLines(text);
  const told = { versions: [], ranges: [], named: false, hash: false, parser: "", because: "" };
  const add = (list, value) => list.includes(value) || list.push(value);
  let extra = false;
  for (const found of lines.matchAll(/(?<![A-Za-z0-9._/-])(?:python[0-9.]*-|py[0-9]+-)?uvicorn(-standard)?(?:\[([^\]]*)\])?(?![A-Za-z0-9_]|[.-][A-Za-z])|(?<=\/)uvicorn(?=-[0-9])/gi)) {
    const rest = lines.slice(found.index + found[0].length);
    told.named = true;
    extra = extra || Boolean(found[1]) || /\bstandard\b/.test(found[2] || "") || EXTRAS.test(rest);
    const said = mention(rest);
    const exact = said.range && /^===?\s*([^,*\s]+)$/.exec(said.range);
    if (exact) add(told.versions, exact[1]);
    else if (said.range) add(told.ranges, said.range.replace(/\s+/g, ""));
    else if (said.version) add(told.versions, said.version);
    told.hash = told.hash || Boolean(said.hash);
  }
  const asked = /--http[= "',]+(httptools|h11|zttp)\b/.exec(lines);
  if (asked) [told.parser, told.because] = [asked[1], `the lines start it with --http ${asked[1]}`];
  else if (extra) [told.parser, told.because] = ["httptools", "the extra [standard] installs it"];
  else if (/(?<![\w.-])httptools(?![\w.-])/i.test(lines)) [told.parser, told.because] = ["httptools", "it stands in the lines"];
  // What pip show says that uvicorn requires is there beside an extra too: it tells nothing of httptools.
  else if (/(?<![\w.-])h11(?![\w.-])/i.test(lines.replace(/^Requires:.*$/gm, "")) && told.named) [told.parser, told.because] = ["h11", "it stands in the lines, and httptools does not"];
  return told;
}

const listed = (words) => (words.length > 1 ? `${words.slice(0, -1).join(", ")} and ${words.at(-1)}` : words.join(""));

const sentence = (note) => note.charAt(0).toUpperCase() + note.slice(1);

// Returns the answer about a version with a parser: `line` is what `make affected` prints. A parser that the user chose
// must be one of the release's; of one that the lines name, the release's own choice takes the place.
function stand(history, version, notes, parser, chosen) {
  const name = spelt(version);
  const row = history.releases.find(([release]) => release === name)
    || history.releases.find(([release]) => compare(versionOf(release), version) === 0);
  if (!row) return notThere(history, version, notes, parser);
  const has = Object.keys(row[2]);
  if (chosen && !has.includes("") && !has.includes(parser)) {
    return { title: `uvicorn ${name} has no parser '${parser}'. In the history ${row[0]} has ${listed(has)}`, standing: "unknown" };
  }
  const known = has.includes("") ? "" : has.includes(parser) ? parser : has[0];
  const found = history.answers[row[2][known][0]];
  return answered(name, known || parser, found, [...notes, ...found.notes], row[0]);
}

function notThere(history, version, notes, parser) {
  const name = spelt(version);
  const releases = history.releases.map(([release]) => release);
  const below = releases.filter((release) => compare(versionOf(release), version) < 0).at(-1);
  const above = releases.find((release) => compare(versionOf(release), version) > 0);
  if (!above) return answered(name, parser, { standing: "unknown", line: history.newer[parser] }, notes);
  const beside = [below, above].filter(Boolean).map((release) => {
    const standing = (history.releases.find((row) => row[0] === release)[2][parser || history.parsers[0]] || [])[0];
    const word = standing === undefined ? "unknown" : history.answers[standing].standing;
    return release + (word === "unknown" ? "" : ` (${word})`);
  }).join(" and ");
  const kind = isPre(version) ? "pre-release" : version.post === null ? "" : "post-release";
  const line = kind ? `: unknown, this ${kind} is not in the history: beside it stand ${beside}` : "";
  if (line) return answered(name, parser, { standing: "unknown", line }, notes);
  return { title: `there is no uvicorn ${name} in the history: beside it stand ${beside}`, standing: "unknown" };
}

function answered(name, parser, found, notes, release = "") {
  const title = `uvicorn ${name}${parser ? ` with ${parser}` : ""}`;
  return {
    title, release, parser, standing: found.standing, html: found.html || "", notes: notes.map(sentence),
    line: [title + found.line, ...notes.map(sentence)].join(". "),
  };
}

// Returns what the page shows for a text and a chosen parser: `lead`, one line, and the answers that it is about.
function lookUp(history, text, chosen = "") {
  const told = readText(text);
  const parser = chosen || told.parser;
  const because = !chosen && told.parser ? `Read with ${told.parser}: ${told.because}.` : "";
  const releases = history.releases.map(([release]) => release);
  const one = (written) => {
    const asked = readAsked(written, history.patterns);
    return asked ? stand(history, asked.version, asked.notes, parser, Boolean(chosen)) : { title: `“${written}” is no version of uvicorn`, standing: "unknown" };
  };
  const of = (lead, answers, link = "") => ({ lead, because, answers, link });
  if (!text.trim()) return of("", []);
  const line = text.trim();
  if (!told.named && !line.includes("\n")) {
    const { range } = poetry(line);
    if (readAsked(line, history.patterns)) told.versions.push(line);
    else if (range && SPECIFIER.test(range)) told.ranges.push(range.replace(/\s+/g, ""));
    else return of(`“${line.slice(0, 60)}” is no version of uvicorn. Type one such as 0.16.0, or paste the lines that name it.`, []);
  }
  const versions = told.versions.filter((each, place) => {
    const [asked, ...before] = [each, ...told.versions.slice(0, place)].map((every) => readAsked(every, history.patterns));
    return !asked || !before.some((other) => other && compare(asked.version, other.version) === 0);
  });
  if (versions.length === 1) return of("", [one(versions[0])], versions[0]);
  if (versions.length) return of(`${versions.length} versions of uvicorn stand there. Each has its own answer.`, versions.slice(0, 4).map(one));
  if (told.ranges.length) {
    const found = told.ranges.slice(0, 3).map((range) => inRange(history, releases, range, parser, one));
    return of(found.map((each) => each.lead).join(" "), found.flatMap((each) => each.answers), told.ranges.length === 1 ? `uvicorn${told.ranges[0]}` : "");
  }
  if (told.hash) return of("uvicorn stands there with a hash alone. A hash names a file, and no version: ask pip freeze.", []);
  if (told.named) return of(`The lines name uvicorn without a version: pip would take the newest, ${releases.at(-1)}. What is installed, pip freeze says.`, []);
  return of("The lines do not name uvicorn.", []);
}

// Returns what is said of a range: how many releases it has, how many of them are affected, and the answer for each end.
function inRange(history, releases, range, parser, one) {
  const found = within(releases, range);
  if (!found) return { lead: `“${range}” is a range that cannot be read.`, answers: [] };
  if (!found.length) return { lead: `No release of the history is in the range ${range}.`, answers: [] };
  if (found.length === 1) return { lead: `Of the range ${range} there is one release, ${found[0]}.`, answers: [one(found[0])] };
  const bad = found.filter((release) => stand(history, versionOf(release), [], parser, false).standing === "affected").length;
  const part = bad === 0 ? "none of them" : bad === found.length ? "all of them" : `${bad} of them`;
  return {
    lead: `${range} is a range of ${found.length} releases, and ${part} ${bad > 1 || bad === 0 ? "are" : "is"} affected${bad && bad < found.length ? ": affected in part" : ""}. Which one is installed, pip freeze or a lock file says. Here are its two ends.`,
    answers: [one(found[0]), one(found.at(-1))],
  };
}
