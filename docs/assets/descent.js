// A walk downhill over values and gradients that the build computed. No library, no request.
(() => {
  const SVG = "http://www.w3.org/2000/svg";
  const SIZE = 340;

  const element = (name, attributes, parent) => {
    const made = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    parent?.append(made);
    return made;
  };

  const start = (box) => {
    const data = JSON.parse(box.querySelector("script").textContent);
    const { low, high, count, values, gradients } = data;
    const cell = (high - low) / (count - 1);
    const inside = (v) => Math.min(Math.max(v, low), high);

    // Bilinear interpolation of something given at the grid's points.
    const between = (read) => (x, y) => {
      const u = (inside(x) - low) / cell, v = (inside(y) - low) / cell;
      const i = Math.min(Math.floor(u), count - 2), j = Math.min(Math.floor(v), count - 2);
      const s = u - i, t = v - j, at = (a, b) => read((j + b) * count + i + a);
      return (at(0, 0) * (1 - s) + at(1, 0) * s) * (1 - t) + (at(0, 1) * (1 - s) + at(1, 1) * s) * t;
    };
    const value = between((k) => values[k]);
    const slopeX = between((k) => gradients[k][0]), slopeY = between((k) => gradients[k][1]);

    const px = (x) => ((x - low) / (high - low)) * SIZE, py = (y) => SIZE - px(y);
    const svg = element("svg", { viewBox: `0 0 ${SIZE} ${SIZE}`, role: "img" });
    box.append(svg);

    // Contour lines by marching squares over the grid.
    const lowest = Math.min(...values), highest = Math.max(...values);
    for (let k = 1; k <= 14; k++) {
      const level = lowest + (highest - lowest) * (k / 15) ** 1.7;
      let path = "";
      for (let j = 0; j < count - 1; j++) for (let i = 0; i < count - 1; i++) {
        const corners = [[i, j], [i + 1, j], [i + 1, j + 1], [i, j + 1]];
        const ends = [];
        for (let e = 0; e < 4; e++) {
          const [a, b] = [corners[e], corners[(e + 1) % 4]];
          const va = values[a[1] * count + a[0]], vb = values[b[1] * count + b[0]];
          if ((va < level) === (vb < level)) continue;
          const s = (level - va) / (vb - va);
          ends.push([low + (a[0] + s * (b[0] - a[0])) * cell, low + (a[1] + s * (b[1] - a[1])) * cell]);
        }
        for (let e = 0; e + 1 < ends.length; e += 2) {
          path += `M${px(ends[e][0]).toFixed(1)} ${py(ends[e][1]).toFixed(1)}L${px(ends[e + 1][0]).toFixed(1)} ${py(ends[e + 1][1]).toFixed(1)}`;
        }
      }
      element("path", { d: path, fill: "none", stroke: "currentColor", "stroke-opacity": 0.35 }, svg);
    }
    const arrow = element("line", { stroke: "#12a150", "stroke-width": 3 }, svg);
    const walk = element("polyline", { fill: "none", stroke: "#3b82f6", "stroke-width": 2 }, svg);
    const dots = element("g", { fill: "#3b82f6" }, svg);
    const handle = element("circle", { r: 8, fill: "#ea7317", cursor: "grab" }, svg);

    const controls = document.createElement("div");
    controls.className = "controls";
    const slider = (label, min, max, step, initial) => {
      const id = `descent-${label.replace(/\W+/g, "-")}`;
      const text = Object.assign(document.createElement("label"), { textContent: label, htmlFor: id });
      const input = Object.assign(document.createElement("input"), { type: "range", id, min, max, step, value: initial });
      const shown = document.createElement("output");
      controls.append(text, input, shown);
      input.addEventListener("input", draw);
      return { input, shown };
    };
    const rate = slider("learning rate", 0.01, 0.8, 0.01, 0.12);
    const x0 = slider("start x", low, high, 0.05, -2.4);
    const y0 = slider("start y", low, high, 0.05, 2.2);
    const summary = document.createElement("p");
    summary.setAttribute("aria-live", "polite");
    box.append(controls, summary);

    function draw() {
      const eta = Number(rate.input.value);
      let x = Number(x0.input.value), y = Number(y0.input.value);
      for (const each of [rate, x0, y0]) each.shown.textContent = Number(each.input.value).toFixed(2);
      handle.setAttribute("cx", px(x));
      handle.setAttribute("cy", py(y));
      const gx = slopeX(x, y), gy = slopeY(x, y), length = Math.hypot(gx, gy) || 1;
      for (const [key, v] of Object.entries({ x1: px(x), y1: py(y), x2: px(x) - (40 * gx) / length, y2: py(y) + (40 * gy) / length })) arrow.setAttribute(key, v);
      const visited = [[x, y]];
      for (let step = 0; step < 60; step++) {
        const dx = slopeX(x, y), dy = slopeY(x, y);
        x = inside(x - eta * dx);
        y = inside(y - eta * dy);
        visited.push([x, y]);
        if (Math.hypot(dx, dy) < 0.02) break;
      }
      walk.setAttribute("points", visited.map((p) => `${px(p[0]).toFixed(1)},${py(p[1]).toFixed(1)}`).join(" "));
      dots.replaceChildren(...visited.map((p) => element("circle", { cx: px(p[0]), cy: py(p[1]), r: 2.5 })));
      const text = `value ${value(...visited[0]).toFixed(2)}, gradient (${gx.toFixed(2)}, ${gy.toFixed(2)}) at the start; ${visited.length - 1} steps lead to (${x.toFixed(2)}, ${y.toFixed(2)}), value ${value(x, y).toFixed(2)}`;
      summary.textContent = text;
      svg.setAttribute("aria-label", `Contour lines and a descent path: ${text}`);
    }

    const drag = (event) => {
      if (!(event.buttons & 1)) return;
      const frame = svg.getBoundingClientRect();
      const u = (event.clientX - frame.left) / frame.width, v = (event.clientY - frame.top) / frame.height;
      x0.input.value = low + u * (high - low);
      y0.input.value = high - v * (high - low);
      draw();
    };
    svg.addEventListener("pointerdown", drag);
    svg.addEventListener("pointermove", drag);
    draw();
  };

  const all = () => document.querySelectorAll(".descent").forEach((box) => {
    if (!box.dataset.started) { box.dataset.started = "yes"; start(box); }
  });
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", all);
  else all();
})();
