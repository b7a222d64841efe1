// Keeps the page true while it is open: takes its parts as server-sent events, and sends the probes' forms in place.
"use strict";

const SILENT_MILLISECONDS = 40000;
const AGAIN_MILLISECONDS = 3000;

const id = (name) => document.getElementById(name);
let source = null;
let heard = 0;
const instance = document.querySelector("[data-instance]").dataset.instance;
let again = 0;

function say(text) {
  const place = id("connection");
  place.textContent = text;
  place.hidden = !text;
}

// A part is put in its place, unless it stands there already. What had the focus keeps it.
function put({name, change, html}) {
  const place = id(name);
  if (!place || Number(place.dataset.change) === change) return;
  const focused = place.contains(document.activeElement) ? document.activeElement.id : "";
  place.innerHTML = html;
  place.dataset.change = change;
  if (focused) id(focused)?.focus();
}

function hello(news) {
  if (instance === news.instance) say("");
  else location.reload(); // another process answers now, which knows another token and other probes
}

function listen() {
  stop();
  heard = Date.now();
  source = new EventSource("/events");
  const on = (kind, take) => source.addEventListener(kind, (event) => { heard = Date.now(); take(JSON.parse(event.data)); });
  on("hello", hello);
  on("part", put);
  on("beat", () => {});
  source.addEventListener("error", () => {
    say("The platform does not answer: what stands here is old. Start it again: make deploy VARIANT=v0.12.1. This page goes on by itself then.");
    if (source && source.readyState === EventSource.CLOSED) again = setTimeout(listen, AGAIN_MILLISECONDS);
  });
}

function stop() {
  clearTimeout(again);
  if (source) source.close();
  source = null;
}

// A browser opens few connections to a host: a tab that nobody sees holds none.
document.addEventListener("visibilitychange", () => document.hidden ? stop() : listen());
setInterval(() => { if (source && Date.now() - heard > SILENT_MILLISECONDS) listen(); }, 5000);

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!("live" in form.dataset)) return;
  event.preventDefault();
  try {
    const answer = await fetch(form.action, {method: "POST", body: new URLSearchParams(new FormData(form)), redirect: "manual"});
    const text = answer.type === "opaqueredirect" ? "" : new DOMParser().parseFromString(await answer.text(), "text/html").querySelector(".lead")?.textContent;
    say(text || "");
  } catch {
    say("The platform does not answer: nothing was done.");
  }
});

if (!document.hidden) listen();
