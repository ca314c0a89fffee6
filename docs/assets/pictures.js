// The playground's pictures, as SVG: a curve with its slope, a landscape with its gradients, a walk downhill on both.
(() => {
  const SVG = "http://www.w3.org/2000/svg";
  const SIZE = 360, MARGIN = 30;

  const element = (name, attributes, parent) => {
    const made = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    parent?.append(made);
    return made;
  };
  const range = (low, high, count) => Array.from({ length: count }, (_, k) => low + ((high - low) * k) / (count - 1));
  const scale = (low, high, from, to) => (v) => Math.min(Math.max(from + ((v - low) / (high - low)) * (to - from), -1e4), 1e4);
  const short = (v) => String(Number(v.toPrecision(2)));

  // Lines through points; a gap where one is not finite.
  const line = (points) => {
    let path = "", pen = "M";
    for (const [u, v] of points) {
      if (!Number.isFinite(u) || !Number.isFinite(v)) { pen = "M"; continue; }
      path += `${pen}${u.toFixed(1)} ${v.toFixed(1)}`;
      pen = "L";
    }
    return path;
  };

  const frame = (svg, [low, high], [bottom, top]) => {
    svg.replaceChildren();
    const px = scale(low, high, MARGIN, SIZE - 8), py = scale(bottom, top, SIZE - MARGIN, 8);
    const axis = { stroke: "currentColor", "stroke-opacity": 0.4 }, text = { fill: "currentColor", "font-size": 12 };
    for (const x of range(low, high, 5)) {
      element("line", { x1: px(x), x2: px(x), y1: SIZE - MARGIN, y2: SIZE - MARGIN + 4, ...axis }, svg);
      element("text", { x: px(x), y: SIZE - 10, "text-anchor": "middle", ...text }, svg).textContent = short(x);
    }
    for (const y of range(bottom, top, 5)) {
      element("line", { x1: MARGIN - 4, x2: MARGIN, y1: py(y), y2: py(y), ...axis }, svg);
      element("text", { x: MARGIN - 6, y: py(y) + 4, "text-anchor": "end", ...text }, svg).textContent = short(y);
    }
    const id = `clip-${(frame.count = (frame.count ?? 0) + 1)}`;
    const clip = element("clipPath", { id }, element("defs", {}, svg));
    const area = { x: MARGIN, y: 8, width: SIZE - 8 - MARGIN, height: SIZE - 8 - MARGIN };
    element("rect", area, clip);
    element("rect", { ...area, fill: "none", ...axis }, svg);
    return { px, py, inside: element("g", { "clip-path": `url(#${id})` }, svg) };
  };

  // Steps against the gradient from a point, until they lead nowhere or away.
  const descend = (slopes, start, rate, limit = 60) => {
    const visited = [start];
    for (let at = start; visited.length <= limit;) {
      const slope = slopes(...at);
      at = at.map((v, k) => v - rate * slope[k]);
      if (!at.every((v) => Number.isFinite(v) && Math.abs(v) < 1e6)) break;
      visited.push(at);
      if (Math.hypot(...slope) < 1e-3) break;
    }
    return visited;
  };

  const curve = (svg, { value, slopes, domain, point: [x], path }) => {
    const xs = range(...domain, 241), f = xs.map((v) => value(v)), slope = xs.map((v) => slopes(v)[0]);
    const finite = [...f, ...slope].filter(Number.isFinite).sort((a, b) => a - b);
    const at = (q) => finite[Math.round(q * (finite.length - 1))] ?? 0;
    const pad = 0.08 * (at(0.98) - at(0.02)) || 1;
    const { px, py, inside } = frame(svg, domain, [at(0.02) - pad, at(0.98) + pad]);
    const axis = { stroke: "currentColor", "stroke-opacity": 0.25 };
    element("line", { x1: px(domain[0]), x2: px(domain[1]), y1: py(0), y2: py(0), ...axis }, inside);
    element("path", { class: "slope", d: line(xs.map((v, k) => [px(v), py(slope[k])])) }, inside);
    element("path", { class: "value", d: line(xs.map((v, k) => [px(v), py(f[k])])) }, inside);
    const y = value(x), m = slopes(x)[0];
    const reach = (domain[1] - domain[0]) / 7 / Math.hypot(1, (m * (py(1) - py(0))) / (px(1) - px(0)));
    element("path", { class: "tangent", d: line([[px(x - reach), py(y - m * reach)], [px(x + reach), py(y + m * reach)]]) }, inside);
    for (const [v] of path) element("circle", { class: "step", cx: px(v), cy: py(value(v)), r: 3 }, inside);
    element("circle", { class: "start", cx: px(x), cy: py(y), r: 7 }, inside);
    return { px, py };
  };

  const landscape = (svg, { value, slopes, domain, point, path }) => {
    const { px, py, inside } = frame(svg, domain, domain);
    const axis = range(...domain, 45), z = axis.map((y) => axis.map((x) => value(x, y)));
    const sorted = z.flat().filter(Number.isFinite).sort((a, b) => a - b);
    for (let k = 1; k <= 13; k++) {
      const level = sorted[Math.round((k / 14) * (sorted.length - 1))];
      element("path", { class: "contour", d: contour(axis, z, level, px, py) }, inside);
    }
    const arrows = range(...domain, 14).slice(1, -1), cell = (SIZE - MARGIN) / 14;
    const field = arrows.flatMap((x) => arrows.map((y) => [x, y, slopes(x, y)])).filter(([, , g]) => g.every(Number.isFinite));
    const longest = Math.max(...field.map(([, , g]) => Math.hypot(...g)), 1e-12);
    for (const [x, y, [gx, gy]] of field) {
      const length = Math.hypot(gx, gy), reach = cell * 0.85 * Math.sqrt(length / longest);
      if (reach < 1) continue;
      const [u, v] = [(gx / length) * reach, (-gy / length) * reach], [x0, y0] = [px(x) - u / 2, py(y) - v / 2];
      const head = [[-0.3, 0.18], [-0.3, -0.18]].map(([a, b]) => [x0 + u + a * u - b * v, y0 + v + a * v + b * u]);
      element("path", { class: "arrow", d: line([[x0, y0], [x0 + u, y0 + v], head[0]]) + line([[x0 + u, y0 + v], head[1]]) }, inside);
    }
    element("path", { class: "path", d: line(path.map(([x, y]) => [px(x), py(y)])) }, inside);
    for (const [x, y] of path) element("circle", { class: "step", cx: px(x), cy: py(y), r: 2.5 }, inside);
    element("circle", { class: "start", cx: px(point[0]), cy: py(point[1]), r: 7 }, inside);
    return { px, py };
  };

  // Marching squares: where the value crosses the level along the sides of each cell of the grid.
  const contour = (axis, z, level, px, py) => {
    let path = "";
    for (let j = 0; j + 1 < axis.length; j++) for (let i = 0; i + 1 < axis.length; i++) {
      const corners = [[i, j], [i + 1, j], [i + 1, j + 1], [i, j + 1]], ends = [];
      corners.forEach(([a, b], e) => {
        const [c, d] = corners[(e + 1) % 4], va = z[b][a], vb = z[d][c];
        if (va < level === vb < level || !Number.isFinite(va + vb)) return;
        const s = (level - va) / (vb - va);
        ends.push([px(axis[a] + s * (axis[c] - axis[a])), py(axis[b] + s * (axis[d] - axis[b]))]);
      });
      for (let e = 0; e + 1 < ends.length; e += 2) path += line([ends[e], ends[e + 1]]);
    }
    return path;
  };

  // The point of the domain under a pointer.
  const pointed = (svg, event, [low, high]) => {
    const box = svg.getBoundingClientRect(), unit = SIZE / box.width;
    const u = (event.clientX - box.left) * unit, v = (event.clientY - box.top) * unit;
    const within = (t) => Math.min(Math.max(t, low), high);
    return [
      within(low + ((u - MARGIN) / (SIZE - 8 - MARGIN)) * (high - low)),
      within(high - ((v - 8) / (SIZE - 8 - MARGIN)) * (high - low)),
    ];
  };

  globalThis.funcgradPictures = { curve, landscape, descend, pointed, viewBox: `0 0 ${SIZE} ${SIZE}` };
})();
