// What makes the console quick. Everything works without it.
(() => {
  "use strict";

  const one = (selector, within = document) => within.querySelector(selector);

  // Menus close when one clicks beside them, or by Escape.

  addEventListener("click", (event) => {
    for (const menu of document.querySelectorAll("details[data-menu][open]")) {
      if (!menu.contains(event.target)) menu.open = false;
    }
  });
  addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of document.querySelectorAll("details[data-menu][open]")) {
      menu.open = false;
      one("summary", menu).focus();
    }
  });

  // A form is sent once, however often its button is pressed.

  addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches("[data-once]")) return;
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = "yes";
  });
  addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("[data-sent]")) delete form.dataset.sent;
  });

  one("#problem")?.focus();
})();
