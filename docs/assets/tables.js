// Tables that are wider than the window scroll: let keys do that, too.
(() => {
  const all = () => requestAnimationFrame(() => {
    for (const wrap of document.querySelectorAll(".md-typeset__scrollwrap")) {
      const isWide = wrap.scrollWidth > wrap.clientWidth;
      if (!isWide) continue;
      wrap.tabIndex = 0;
      wrap.setAttribute("role", "group");
      wrap.setAttribute("aria-label", "a table that scrolls");
    }
  });
  window.addEventListener("load", all);
  window.addEventListener("resize", all);
})();
