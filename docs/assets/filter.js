// The filter box above a table of the reference: shows the rows that hold all words, of the chosen kind.
(() => {
  const start = (box) => {
    const [words, kind, shown] = [box.querySelector("input"), box.querySelector("select"), box.querySelector("output")];
    const rows = [...document.querySelectorAll(`#${box.dataset.table} tbody tr`)];
    const apply = () => {
      const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
      let count = 0;
      for (const row of rows) {
        const text = row.textContent.toLowerCase();
        const visible = wanted.every((w) => text.includes(w)) && (!kind.value || row.dataset.kind === kind.value);
        row.hidden = !visible;
        count += visible;
      }
      shown.textContent = `${count} of ${rows.length}`;
    };
    words.addEventListener("input", apply);
    kind.addEventListener("change", apply);
    apply();
  };
  const all = () => document.querySelectorAll(".filter").forEach(start);
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", all);
  else all();
})();
