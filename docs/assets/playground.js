// The playground: a function of x, or of x and y, with sliders for its arguments and parameters.
//   <div class="playground" data-function="a * x**2" data-ranges='{"a": [0, 2, 1]}' data-domain="-3,3" data-shows="picture">
// Without data-shows it can be edited and shows its jaxprs; ranges are [lowest, highest, first value].
(() => {
  const { make, grad, run, print } = globalThis.funcgradEngine;
  const { curve, landscape, descend, pointed, viewBox } = globalThis.funcgradPictures;
  const html = (name, attributes, parent) => {
    const made = Object.assign(document.createElement(name), attributes);
    parent?.append(made);
    return made;
  };
  const shown = (value) => {
    if (!Number.isFinite(value)) return String(value);
    const isTiny = value !== 0 && Math.abs(value) < 1e-4;
    return (isTiny ? value.toExponential(2) : String(Number(value.toPrecision(6)))).replaceAll("-", "−");
  };
  let count = 0;

  const start = (box) => {
    const prefix = `playground-${++count}`;
    const ranges = JSON.parse(box.dataset.ranges ?? "{}");
    const domain = (box.dataset.domain ?? "-4,4").split(",").map(Number);
    const isWhole = !box.dataset.shows;
    const state = { text: box.dataset.function, values: {} };

    const form = html("div", { className: "editor" });
    if (isWhole) {
      const id = `${prefix}-function`;
      html("label", { htmlFor: id, textContent: "f(x) or f(x, y) =" }, form);
      const input = html("input", { id, type: "text", value: state.text, spellcheck: false, autocomplete: "off" }, form);
      input.addEventListener("input", () => change(input.value));
      const examples = html("div", { className: "examples" }, form);
      for (const text of JSON.parse(box.dataset.examples ?? "[]")) {
        html("button", { type: "button", textContent: text }, examples).addEventListener("click", () => change((input.value = text)));
      }
    }
    const complaint = html("p", { className: "complaint" }, form);
    complaint.setAttribute("role", "alert");
    const panes = html("div", { className: "panes" });
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("viewBox", viewBox);
    svg.setAttribute("role", "img");
    panes.append(svg);
    const side = html("div", {}, panes);
    const controls = html("div", { className: "controls" }, side);
    const summary = html("p", { className: "summary" }, side);
    summary.setAttribute("aria-live", "polite");
    box.append(form, panes);
    const listing = (title) => {
      if (!isWhole) return null;
      html("p", { className: "listing-title", textContent: title }, box);
      const pre = html("pre", { tabIndex: 0 }, box);
      pre.setAttribute("aria-label", title);
      return html("code", {}, pre);
    };
    const listings = { jaxpr: listing("The jaxpr of f"), slopes: listing("The jaxpr of its gradient"), second: listing("The jaxpr of its second derivative") };

    const slider = (name, [low, high, first]) => {
      const id = `${prefix}-${name.replace(/\W/g, "-")}`;
      html("label", { htmlFor: id, textContent: name }, controls);
      const input = html("input", { type: "range", id, min: low, max: high, step: (high - low) / 200, value: state.values[name] ?? first }, controls);
      const output = html("output", { htmlFor: id }, controls);
      const take = () => { state.values[name] = Number(input.value); output.textContent = Number(input.value).toFixed(2); };
      input.addEventListener("input", () => { take(); draw(); });
      take();
    };

    const change = (text) => {
      try {
        const made = make(text, state.values);
        complaint.textContent = "";
        state.text = text;
        const wanted = [...made.inputs, ...made.parameters, "step size"].join();
        if (wanted !== state.sliders) {
          controls.replaceChildren();
          const middle = domain[0] + 0.22 * (domain[1] - domain[0]);
          for (const name of made.inputs) slider(name, [...domain, ranges[name]?.[2] ?? (name === "x" ? middle : -middle)]);
          for (const name of made.parameters) slider(name, ranges[name] ?? [-3, 3, 1]);
          slider("step size", ranges["step size"] ?? [0, 1, 0.1]);
          state.sliders = wanted;
        }
        draw();
      } catch (error) {
        if (!(error instanceof SyntaxError)) throw error;
        complaint.textContent = error.message;
      }
    };

    const draw = () => {
      const { jaxpr, inputs } = make(state.text, state.values);
      const gradient = grad(jaxpr, inputs.map((_, k) => k));
      const value = (...at) => run(jaxpr)(...at)[0], slopes = run(gradient);
      const point = inputs.map((name) => state.values[name]);
      const path = descend(slopes, point, state.values["step size"]);
      (inputs.length === 1 ? curve : landscape)(svg, { value, slopes, domain, point, path });
      const slope = slopes(...point), at = point.map(shown).join(", "), last = path.at(-1);
      const letter = inputs.join(", ");
      summary.textContent =
        `f(${at}) = ${shown(value(...point))}, gradient ${slope.length > 1 ? `(${slope.map(shown).join(", ")})` : shown(slope[0])}. ` +
        `${path.length - 1} steps downhill lead to ${letter} = ${last.map(shown).join(", ")}, where f is ${shown(value(...last))}.`;
      svg.setAttribute("aria-label", `${inputs.length === 1 ? "The function, its slope and a walk downhill" : "Contour lines, gradients and a walk downhill"}: ${summary.textContent}`);
      if (!isWhole) return;
      listings.jaxpr.textContent = print(jaxpr);
      listings.slopes.textContent = print(gradient);
      const single = inputs.length === 1;
      listings.second.parentElement.hidden = listings.second.parentElement.previousSibling.hidden = !single;
      if (single) listings.second.textContent = print(grad(gradient, [0]));
    };

    const drag = (event) => {
      if (!(event.buttons & 1)) return;
      const found = pointed(svg, event, domain), { inputs } = make(state.text, state.values);
      inputs.forEach((name, k) => {
        const input = box.querySelector(`#${prefix}-${name}`);
        input.value = found[k];
        input.dispatchEvent(new Event("input"));
      });
    };
    svg.addEventListener("pointerdown", drag);
    svg.addEventListener("pointermove", drag);
    change(state.text);
  };

  const all = () => document.querySelectorAll(".playground").forEach(start);
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", all);
  else all();
})();
