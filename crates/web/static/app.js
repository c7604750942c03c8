// Keys and the choice of light or dark. The site is whole without this file.
"use strict";

const THEMES = ["", "light", "dark"];

/** Sets light, dark or (empty) what the system has. Runs before the page is drawn. */
function setTheme(theme) {
  if (theme) document.documentElement.dataset.theme = theme;
  else delete document.documentElement.dataset.theme;
}

/** Storage may be switched off in the browser; the choice then lasts as long as the page. */
function remembered() {
  try {
    return localStorage.getItem("theme") || "";
  } catch {
    return "";
  }
}

function nextTheme() {
  const now = document.documentElement.dataset.theme || "";
  const theme = THEMES[(THEMES.indexOf(now) + 1) % THEMES.length];
  setTheme(theme);
  try {
    localStorage.setItem("theme", theme);
  } catch {
    // Nothing to do: see remembered().
  }
}

setTheme(remembered());

let place = -1;

/** Moves the mark by `step` cards and brings the card into view. */
function go(step) {
  const cards = document.querySelectorAll(".card");
  if (!cards.length) return;
  cards[place]?.classList.remove("here");
  place = Math.max(0, Math.min(cards.length - 1, place + step));
  cards[place].classList.add("here");
  cards[place].querySelector("h2 a").focus({ preventScroll: true });
  cards[place].scrollIntoView({ block: "nearest" });
}

const KEYS = {
  j: () => go(1),
  k: () => go(-1),
  o: () => document.querySelector(".card.here h2 a")?.click(),
  "/": () => document.querySelector("#q, #find")?.focus(),
  t: nextTheme,
  "?": () => location.assign("/about#keys"),
};

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest?.("input, select, textarea, [contenteditable]");
  if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
  const act = KEYS[event.key];
  if (!act) return;
  event.preventDefault();
  act();
});

/** Offers completions and titles under a search box while its reader types. */
function suggestFor(input) {
  const list = document.createElement("datalist");
  list.id = `${input.id}-suggestions`;
  input.after(list);
  input.setAttribute("list", list.id);
  input.autocomplete = "off";
  let waiting;
  let asked = "";
  input.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(async () => {
      const typed = input.value.trim();
      if (typed.length < 2 || typed === asked) return;
      asked = typed;
      try {
        const answer = await fetch(`/suggest?q=${encodeURIComponent(typed)}`);
        const [of, suggestions] = await answer.json();
        // A later answer may have come first.
        if (of !== input.value.trim()) return;
        list.replaceChildren(...suggestions.map((text) => new Option(text, text)));
      } catch {
        // Without suggestions the box is still a search box.
      }
    }, 120);
  });
}

/** Shows how far a run is until it is over, then calls `over`. */
function watch(run, place, over) {
  const bar = place.querySelector("progress");
  const words = place.querySelector("[role=status]");
  const events = new EventSource(`/lab/runs/${run}/events`);
  events.addEventListener("message", (event) => {
    const state = JSON.parse(event.data);
    bar.value = state.done * 1000;
    words.textContent = state.words;
    if (!["done", "failed", "cancelled"].includes(state.state)) return;
    events.close();
    over(state);
  });
}

/** A form that runs a paper's method shows progress and outcome below itself instead of on a page of its own. */
function runHere(form) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = form.querySelector("button");
    button.disabled = true;
    form.parentElement.querySelector(".progress")?.remove();
    const place = document.createElement("div");
    place.className = "progress";
    const bar = document.createElement("progress");
    bar.max = 1000;
    bar.setAttribute("aria-label", "Progress");
    const words = document.createElement("p");
    words.setAttribute("role", "status");
    words.textContent = "Asking.";
    place.append(bar, words);
    form.after(place);
    try {
      const headers = { Accept: "application/json" };
      const body = new URLSearchParams(new FormData(form));
      const answer = await fetch(form.action, { method: "POST", headers, body });
      const state = await answer.json();
      if (!answer.ok) throw new Error(state.error || "The run was refused.");
      watch(state.run, place, (end) => show(end, place, button));
    } catch (error) {
      bar.remove();
      words.textContent = error.message;
      button.disabled = false;
    }
  });
}

/** Puts a run's outcome where its progress was. */
async function show(state, place, button) {
  button.disabled = false;
  if (state.state !== "done") return;
  const answer = await fetch(`/lab/runs/${state.run}/block`);
  if (!answer.ok) return;
  // The server made it, with every text escaped.
  place.innerHTML = await answer.text();
}

/** A paper's buttons work without leaving the page; what went wrong is said beside them. */
function markHere(form) {
  form.addEventListener("submit", async (event) => {
    const button = event.submitter;
    if (!button?.hasAttribute("aria-pressed")) return;
    event.preventDefault();
    button.disabled = true;
    form.querySelector("[role=alert]")?.remove();
    try {
      const body = new URLSearchParams(new FormData(form));
      body.set(button.name, button.value);
      const headers = { Accept: "application/json" };
      // Of a button without an address of its own `formAction` is the page's.
      const address = button.getAttribute("formaction") || form.getAttribute("action");
      const answer = await fetch(address, { method: "POST", headers, body });
      const state = await answer.json();
      if (!answer.ok) throw new Error(state.error || "The server refused.");
      button.value = state.on ? "0" : "1";
      button.setAttribute("aria-pressed", state.on);
      const count = button.querySelector("span:not(.hidden)");
      if (count && "votes" in state) count.textContent = state.votes;
      if (form.action.endsWith("/follow")) button.textContent = state.on ? "Following" : "Follow";
    } catch (error) {
      const words = document.createElement("span");
      words.setAttribute("role", "alert");
      words.textContent = error.message;
      form.append(words);
    }
    button.disabled = false;
    button.focus();
  });
}

/** A button that copies the text of a block, where the browser lets pages write to the clipboard. */
function addCopyButton(block) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "Copy";
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(block.textContent);
    button.textContent = "Copied";
  });
  block.before(button);
}

/** The theme's switch, for those who do not use keys. */
function addThemeButton(footer) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "Light / dark";
  button.addEventListener("click", nextTheme);
  footer.append(button);
}

document.addEventListener("DOMContentLoaded", () => {
  if (navigator.clipboard) document.querySelectorAll("pre.copy").forEach(addCopyButton);
  document.querySelectorAll("#q, #find").forEach(suggestFor);
  document.querySelectorAll("form[data-lab]").forEach(runHere);
  document.querySelectorAll("form.marks").forEach(markHere);
  document.querySelectorAll("[data-run]").forEach((place) => {
    watch(place.dataset.run, place, () => location.reload());
  });
  const footer = document.querySelector("footer");
  if (footer) addThemeButton(footer);
});
