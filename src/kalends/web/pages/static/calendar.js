// Beginning a booking where the calendar is empty, and what has no room in it. Everything works
// without it, by links.
(() => {
  "use strict";

  const [ROW_SECONDS, ROWS_AN_HOUR, ROWS_A_STEP] = [300, 12, 3];
  const USUAL_ROWS = 6;
  const FIRST_HOUR = 9;
  const NARROWEST_REM = 7.3;
  const [FEWEST_COLUMNS, MOST_COLUMNS] = [2, 16];
  const A_YEAR_SECONDS = 31536000;
  const one = (selector, within = document) => within.querySelector(selector);
  const isWide = matchMedia("(min-width: 48rem)");
  const clamp = (number, least, most) => Math.min(Math.max(number, least), most);

  // How many columns fit: the server is told, and the page fetched anew where it matters.

  function measure() {
    const sheets = one(".sheets.of-team");
    if (!sheets || !isWide.matches) return;
    const room = sheets.clientWidth - one(".axis", sheets).offsetWidth;
    const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
    const fit = clamp(Math.floor(room / (NARROWEST_REM * rem)), FEWEST_COLUMNS, MOST_COLUMNS);
    const [told, total] = [Number(sheets.dataset.columns), Number(sheets.dataset.total)];
    if (fit === told) return;
    document.cookie = `kalends_columns=${fit}; path=/console; max-age=${A_YEAR_SECONDS}; samesite=lax`;
    if (total > Math.min(told, fit)) dispatchEvent(new Event("kalends:outdated"));
  }
  let measuring = 0;
  addEventListener("resize", () => { clearTimeout(measuring); measuring = setTimeout(measure, 300); });
  measure();

  // A place is a column with rows of five minutes in it.

  const sheetsOf = (column) => column.closest(".sheets");
  const rowsIn = (column) => Number(sheetsOf(column).dataset.hours) * ROWS_AN_HOUR;

  function rowAt(column, y) {
    const box = one(".rows", column).getBoundingClientRect();
    const row = Math.floor(((y - box.top) / box.height) * rowsIn(column) / ROWS_A_STEP) * ROWS_A_STEP;
    return clamp(row, 0, rowsIn(column) - ROWS_A_STEP);
  }

  // Where the clock changes in a week, its day has no instants: then by the clock.
  function timeAt(column, row) {
    if (column.dataset.from) {
      const at = (Number(column.dataset.from) + row * ROW_SECONDS) * 1000;
      return { start: new Date(at).toISOString().replace(".000", "") };
    }
    const minutes = Number(sheetsOf(column).dataset.first) * 60 + row * (ROW_SECONDS / 60);
    const pad = (number) => String(number).padStart(2, "0");
    return { day: column.dataset.day, time: `${pad(Math.floor(minutes / 60))}:${pad(minutes % 60)}` };
  }

  function wordsOf(place) {
    const { zone, language } = sheetsOf(place.column).dataset;
    const say = (row) => {
      const { start, day, time } = timeAt(place.column, row);
      const options = { hour: "numeric", minute: "2-digit", timeZone: start ? zone : "UTC" };
      return new Intl.DateTimeFormat(language, options).format(new Date(start || `${day}T${time}:00Z`));
    };
    return `${say(place.row)} – ${say(place.row + place.rows)}`;
  }

  function urlOf(place) {
    const query = new URLSearchParams(timeAt(place.column, place.row));
    const { schedule } = place.column.dataset;
    if (schedule) query.set("schedule", schedule);
    if (place.isLong) query.set("length", place.rows * (ROW_SECONDS / 60));
    return `${sheetsOf(place.column).dataset.begin}?${query}`;
  }

  function unmark() {
    for (const ghost of document.querySelectorAll(".ghost")) ghost.remove();
  }

  function mark(place) {
    unmark();
    const ghost = document.createElement("p");
    ghost.className = "ghost";
    ghost.textContent = wordsOf(place);
    ghost.style.gridRow = `${place.row + 1} / span ${place.rows}`;
    one(".rows", place.column).append(ghost);
    return ghost;
  }

  // By mouse: a click, or a stretch that is drawn.

  let drawn = null;
  const emptyAt = (target) => {
    const rows = target.closest?.(".sheets .column > .rows");
    return rows && !target.closest(".block, .more") ? rows.closest(".column") : null;
  };

  addEventListener("pointerdown", (event) => {
    const column = emptyAt(event.target);
    if (!column || event.button || event.pointerType === "touch" || !one(".axis", sheetsOf(column)).offsetWidth) return;
    event.preventDefault();
    const row = rowAt(column, event.clientY);
    drawn = { column, row, rows: USUAL_ROWS, from: row, isLong: false, pointer: event.pointerId };
    mark(drawn);
  });
  addEventListener("pointermove", (event) => {
    if (!drawn || event.pointerId !== drawn.pointer) return;
    const to = rowAt(drawn.column, event.clientY);
    if (to === drawn.from && !drawn.isLong) return;
    const row = Math.min(drawn.from, to);
    drawn = { ...drawn, row, rows: Math.abs(to - drawn.from) + ROWS_A_STEP, isLong: true };
    mark(drawn);
  });
  addEventListener("pointerup", (event) => {
    if (!drawn || event.pointerId !== drawn.pointer) return;
    const place = drawn;
    drawn = null;
    location.assign(urlOf(place));
  });
  const stop = () => { drawn = null; unmark(); };
  addEventListener("pointercancel", stop);
  addEventListener("keydown", (event) => { if (event.key === "Escape" && drawn) stop(); });
  addEventListener("pageshow", stop);

  // By touch: a tap. What moves is a way to scroll.

  addEventListener("click", (event) => {
    if (event.pointerType !== "touch") return;
    const column = emptyAt(event.target);
    if (!column || !one(".axis", sheetsOf(column)).offsetWidth) return;
    const place = { column, row: rowAt(column, event.clientY), rows: USUAL_ROWS };
    mark(place);
    location.assign(urlOf(place));
  });

  // By keyboard: from the column's plus up and down, with Shift longer and shorter, and Enter.

  let kept = null;
  const KEYS = { ArrowDown: ROWS_A_STEP, ArrowUp: -ROWS_A_STEP };

  addEventListener("keydown", (event) => {
    const begin = event.target.closest?.(".begin");
    if (!begin || event.ctrlKey || event.altKey || event.metaKey) return;
    const column = begin.closest(".column");
    if (event.key === "Escape") { unmark(); kept = null; return; }
    if (event.key === "ArrowLeft" || event.key === "ArrowRight") { step(column, event); return; }
    const rows = KEYS[event.key];
    if (!rows) return;
    event.preventDefault();
    const first = clamp((FIRST_HOUR - Number(sheetsOf(column).dataset.first)) * ROWS_AN_HOUR, 0, rowsIn(column) - USUAL_ROWS);
    if (!kept) kept = { row: first, rows: USUAL_ROWS, isLong: false };
    else if (event.shiftKey) kept = { ...kept, rows: Math.max(kept.rows + rows, ROWS_A_STEP), isLong: true };
    else kept = { ...kept, row: kept.row + rows };
    kept.row = clamp(kept.row, 0, rowsIn(column) - ROWS_A_STEP);
    show(column, begin);
  });

  function step(column, event) {
    const isBack = (event.key === "ArrowLeft") !== (document.dir === "rtl");
    const next = isBack ? column.previousElementSibling : column.nextElementSibling;
    const begin = next && one(".begin", next);
    if (!begin?.offsetWidth) return;
    event.preventDefault();
    begin.focus();
    if (kept) show(next, begin);
  }

  function show(column, begin) {
    const place = { ...kept, column };
    const ghost = mark(place);
    ghost.scrollIntoView({ block: "nearest", inline: "nearest" });
    begin.dataset.href ??= begin.getAttribute("href");
    begin.href = urlOf(place);
    one("body > p[role=status]").textContent = ghost.textContent;
  }

  addEventListener("focusout", (event) => {
    const begin = event.target.closest?.(".begin[data-href]");
    if (!begin) return;
    begin.setAttribute("href", begin.dataset.href);
    delete begin.dataset.href;
    unmark();
    if (!event.relatedTarget?.closest?.(".begin")) kept = null;
  });

  // What found no room in a column opens as a list; without a script the link leads to its day.

  addEventListener("click", (event) => {
    const button = event.target.closest?.(".more-button");
    if (!button || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    const column = button.closest(".column");
    const dialog = document.createElement("dialog");
    dialog.className = "more-list";
    const title = dialog.appendChild(document.createElement("h2"));
    title.id = "more-title";
    title.textContent = button.getAttribute("aria-label");
    dialog.setAttribute("aria-labelledby", title.id);
    const list = dialog.appendChild(document.createElement("ol"));
    list.className = "plain";
    for (const beyond of column.querySelectorAll(`.beyond[data-more="${button.dataset.more}"]`)) {
      const item = list.appendChild(beyond.cloneNode(true));
      item.classList.remove("beyond", "short", "half", "slim", "tight");
    }
    const close = title.appendChild(document.createElement("button"));
    close.className = "button calm";
    close.textContent = sheetsOf(column).dataset.close;
    close.addEventListener("click", () => dialog.close());
    dialog.addEventListener("click", (click) => { if (click.target === dialog) dialog.close(); });
    dialog.addEventListener("close", () => { dialog.remove(); button.focus(); });
    document.body.append(dialog);
    dialog.showModal();
  });
})();
