// Tables and figures that are wider than the window scroll: let keys do that, too.
(() => {
  const all = () => requestAnimationFrame(() => {
    for (const wrap of document.querySelectorAll(".md-typeset__scrollwrap, figure.drawn")) {
      const isWide = wrap.scrollWidth > wrap.clientWidth;
      if (!isWide) continue;
      wrap.tabIndex = 0;
      wrap.setAttribute("role", "group");
      wrap.setAttribute("aria-label", wrap.matches("figure") ? "a figure that scrolls" : "a table that scrolls");
    }
  });
  window.addEventListener("load", all);
  window.addEventListener("resize", all);
})();
