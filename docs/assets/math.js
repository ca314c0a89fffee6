// Typeset the formulas that arithmatex marked, with the KaTeX that stands beside this file.
(() => {
  const delimiters = [
    { left: "\\(", right: "\\)", display: false },
    { left: "\\[", right: "\\]", display: true },
  ];
  const typeset = () => {
    for (const formula of document.querySelectorAll(".arithmatex")) {
      renderMathInElement(formula, { delimiters, throwOnError: false });
    }
  };
  // Material publishes every page change in document$; without it, the one load of the page is enough.
  if (typeof document$ !== "undefined") document$.subscribe(typeset);
  else if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", typeset);
  else typeset();
})();
