/* Comfort only: every page works without this file. */
"use strict";

/* The sentence under a form repeats what its blanks say. <strong data-says="id_change" data-empty="…"> */
for (const part of document.querySelectorAll("[data-says]")) {
  const field = document.getElementById(part.dataset.says);
  if (!field) continue;
  const say = () => {
    const text = field.tagName === "SELECT" ? field.selectedOptions[0]?.text : field.value.trim();
    part.textContent = text || part.dataset.empty;
  };
  field.addEventListener("input", say);
  field.addEventListener("change", say);
  say();
}

/* Where the browser does not fit a blank to what stands in it, a script does. */
if (!CSS.supports("field-sizing", "content")) {
  const fit = (field) => {
    const isChoice = field.tagName === "SELECT";
    const alone = document.createElement(isChoice ? "select" : "span");
    alone.className = field.className;
    if (isChoice) alone.add(new Option(field.selectedOptions[0]?.text ?? ""));
    else alone.textContent = `${field.value || field.placeholder}n`;
    field.after(alone);
    field.style.inlineSize = `${alone.getBoundingClientRect().width}px`;
    alone.remove();
    if (field.tagName !== "TEXTAREA") return;
    field.rows = 1;
    while (field.scrollHeight > field.clientHeight + 4 && field.rows < 12) field.rows += 1;
  };
  const fitAll = () => document.querySelectorAll(".qn-blank").forEach(fit);
  document.addEventListener("input", ({ target }) => target.matches(".qn-blank") && fit(target));
  document.addEventListener("htmx:afterSettle", fitAll);
  document.fonts.ready.then(fitAll);
}

/* An example in a blank is one of what is chosen beside it. */
document.addEventListener("change", ({ target }) => {
  const example = target.selectedOptions?.[0]?.dataset.example;
  if (!example) return;
  const blank = target.form.elements[target.name.replace(/_of$/, "").replace(/metric$/, "threshold")];
  blank.placeholder = example;
  blank.dispatchEvent(new Event("input", { bubbles: true }));
});

/* What the browser objects to is not folded away. */
document.addEventListener("invalid", ({ target }) => {
  const fold = target.closest("details");
  if (fold) fold.open = true;
}, true);

/* An answer that asks for what is folded away opens the fold. */
document.addEventListener("htmx:afterSettle", ({ target }) => {
  const asking = target.querySelector("[data-opens]");
  if (asking) document.getElementById(asking.dataset.opens).open = true;
});

/* Filters stand open where there is room, and where they hide something. */
if (window.matchMedia("(max-width: 61.99rem)").matches) {
  for (const filters of document.querySelectorAll("[data-folds-on-phones='']")) filters.open = false;
}

/* Dragging between the backlog and a sprint presses the button that stands beside what is dragged. */
for (const board of document.querySelectorAll("[data-drags]")) {
  let form = null;
  const over = (event) => event.target.closest?.(`[data-drop="${form?.dataset.does}"]`);
  const mark = (place) => {
    for (const marked of board.querySelectorAll(".is-over")) marked.classList.remove("is-over");
    place?.classList.add("is-over");
  };
  board.addEventListener("dragstart", (event) => {
    const dragged = event.target.closest?.("[data-drag]");
    form = dragged?.closest("li, article").querySelector(`form[data-does="${dragged.dataset.drag}"]`) ?? null;
    if (form) event.dataTransfer.effectAllowed = "move";
  });
  board.addEventListener("dragover", (event) => {
    if (form && over(event)) event.preventDefault();
    mark(form && over(event));
  });
  board.addEventListener("drop", (event) => {
    if (!form || !over(event)) return;
    event.preventDefault();
    form.requestSubmit();
  });
  board.addEventListener("dragend", () => {
    form = null;
    mark(null);
  });
}

/* A passkey that was not given says so on the page, rather than on the console. */
document.addEventListener("allauth.error", (event) => {
  const words = document.querySelector("[data-passkey-says]");
  if (!words) return;
  event.preventDefault();
  words.hidden = false;
});

/* A time zone that nobody has chosen yet begins with the one of this browser. */
for (const field of document.querySelectorAll("[data-own-zone]")) {
  if (!field.value) field.value = Intl.DateTimeFormat().resolvedOptions().timeZone ?? "";
}

/* Under a day stands how it is understood, and what is chosen in the calendar is written into the text. */
for (const field of document.querySelectorAll("[data-understood-at]")) {
  const calendar = document.getElementById(`${field.id}_day`);
  const line = document.getElementById(`${field.id}_understood`);
  const understand = async () => {
    const text = field.value.trim();
    const answer = text ? await fetch(field.dataset.understoodAt + encodeURIComponent(text)) : null;
    if (text === field.value.trim()) line.textContent = answer?.ok ? await answer.text() : "";
  };
  field.addEventListener("input", () => { calendar.value = ""; });
  field.addEventListener("change", understand);
  calendar.addEventListener("change", () => {
    if (!calendar.value) return;
    field.value = calendar.value;
    understand();
  });
}

/* A number that is changed in its place: Escape leaves it as it was, and whoever is done is at it again. */
for (const list of document.querySelectorAll("[data-numbers]")) {
  let last = "";
  list.addEventListener("focusin", (event) => {
    if (event.target.closest(".qn-scores") && /^(impact|confidence|ease)-/.test(event.target.id)) last = event.target.id;
  });
  list.addEventListener("keydown", (event) => {
    const form = event.key === "Escape" ? event.target.closest("[data-leaves]") : null;
    if (form) document.getElementById(form.dataset.leaves).click();
  });
  list.addEventListener("htmx:afterSettle", () => {
    if (last && (!document.activeElement || document.activeElement === document.body)) document.getElementById(last)?.focus();
  });
  /* Where the session has ended, the browser sends the form itself: what was typed is there after signing in. */
  list.addEventListener("htmx:responseError", (event) => {
    if (event.detail.xhr.status === 401 && event.target.matches?.("form[data-leaves]")) event.target.submit();
  });
}
