// The playground's engine: an expression of NumPy, traced into a jaxpr, differentiated, printed and run.
// The rules of derivatives are funcgrad's own, exported by the build (scripts/docs_playground.py); here are
// a parser and the loops of funcgrad/transforms: forward, split, backward. Values are float64 scalars.
(() => {
  const { functions, operators, rules } = globalThis.funcgradCalculus;

  // Jaxprs: inputs, equations {name, operands, out}, outputs. An operand is a Var or a Literal.
  class Var { constructor(bool) { this.bool = bool; } }
  class Literal {
    constructor(value, whole = false) { this.value = value; this.bool = typeof value === "boolean"; this.whole = whole; }
  }
  const isVar = (atom) => atom instanceof Var;
  const number = (value) => new Literal(value);
  const ONE = number(1), ZERO = number(0);
  const fail = (message) => { throw new SyntaxError(message); };

  // A trace appends equations; one on constants alone is computed at once, as the package does.
  class Trace {
    constructor() { this.eqns = []; }
    bind(name, operands) {
      if (!operands.some(isVar)) return number(compute(name, operands.map((a) => a.value)));
      const out = new Var(rules[name]?.bool ?? false);
      this.eqns.push({ name, operands, out });
      return out;
    }
    // Record a program of the export, or an equation's jaxpr, on these operands.
    inline(program, operands) {
      const values = [...operands];
      const read = (a) => (typeof a === "number" ? values[a] : number(typeof a.v === "string" ? Number(a.v.replace("inf", "Infinity")) : a.v));
      for (const [name, inputs] of program.eqns) values.push(this.bind(name, inputs.map(read)));
      return program.out.map(read);
    }
    replay(jaxpr, operands) {
      const env = new Map(jaxpr.inputs.map((v, k) => [v, operands[k]]));
      const read = (a) => (isVar(a) ? env.get(a) : a);
      for (const { name, operands: read_, out } of jaxpr.eqns) env.set(out, this.bind(name, read_.map(read)));
      return jaxpr.outputs.map(read);
    }
  }
  const build = (inputs, fun) => {
    const trace = new Trace();
    return dropDead({ inputs, outputs: fun(trace), eqns: trace.eqns });
  };
  const dropDead = (jaxpr) => {
    const live = new Set(jaxpr.outputs.filter(isVar)), eqns = [];
    for (const eqn of [...jaxpr.eqns].reverse()) {
      if (!live.has(eqn.out)) continue;
      eqns.unshift(eqn);
      eqn.operands.filter(isVar).forEach((v) => live.add(v));
    }
    return { ...jaxpr, eqns };
  };

  // Powers: which primitive they are depends on the exponent.
  const power = (trace, x, y) => {
    if (isVar(x) && !isVar(y)) {
      if (y.value === 0.5) return trace.bind("sqrt", [x]);
      if (Number.isInteger(y.value)) {
        const name = `integer_pow[y=${y.value}]`;
        return rules[name] ? trace.bind(name, [x]) : fail(`the page has whole exponents from -12 to 12 only, not ${y.value}`);
      }
    }
    return trace.bind("pow", [x, y]);
  };

  // Forward mode: a value and a tangent per variable; a tangent null is zero.
  const forward = (trace, jaxpr, primals, tangents) => {
    const env = new Map(jaxpr.inputs.map((v, k) => [v, [primals[k], tangents[k]]]));
    const read = (a) => (isVar(a) ? env.get(a) : [a, null]);
    for (const { name, operands, out } of jaxpr.eqns) {
      const pairs = operands.map(read), values = pairs.map((p) => p[0]), pushed = pairs.map((p) => p[1]);
      if (pushed.every((t) => t === null)) env.set(out, [trace.bind(name, values), null]);
      else {
        const rule = rules[name].jvp[pushed.map((t) => (t === null ? 0 : 1)).join("")];
        const found = rule ? trace.inline(rule, [...values, ...pushed.filter((t) => t !== null)]) : [trace.bind(name, values)];
        env.set(out, [found[0], found[1] ?? null]);
      }
    }
    return jaxpr.outputs.map(read);
  };

  // Split into what touches no tangent, and what is linear in the tangents.
  const linearize = (jaxpr, wrt) => {
    const primals = jaxpr.inputs.map((v) => new Var(v.bool)), tangents = wrt.map(() => new Var(false));
    let isZero = false;
    const combined = build([...primals, ...tangents], (trace) => {
      const given = jaxpr.inputs.map((_, k) => (wrt.includes(k) ? tangents[wrt.indexOf(k)] : null));
      const [[value, tangent]] = forward(trace, jaxpr, primals, given);
      isZero = tangent === null;
      return isZero ? [value] : [value, tangent];
    });
    const touched = new Set(tangents), known = [], linear = [];
    for (const eqn of combined.eqns) {
      if (!eqn.operands.some((a) => touched.has(a))) { known.push(eqn); continue; }
      linear.push(eqn);
      touched.add(eqn.out);
    }
    return { primals, tangents, known, linear, value: combined.outputs[0], tangent: isZero ? null : combined.outputs[1] };
  };

  // Reverse mode: the linear part, transposed. Inputs are those of the function; outputs its value, if wanted, and gradients.
  const grad = (jaxpr, wrt, { withValue = false } = {}) => {
    const split = linearize(jaxpr, wrt);
    const inputs = jaxpr.inputs.map((v) => new Var(v.bool));
    return build(inputs, (trace) => {
      const env = new Map(split.primals.map((v, k) => [v, inputs[k]]));
      const read = (a) => (isVar(a) ? env.get(a) : a);
      for (const { name, operands, out } of split.known) env.set(out, trace.bind(name, operands.map(read)));
      const cotangents = new Map(), linear = new Set([...split.tangents, ...split.linear.map((e) => e.out)]);
      const accumulate = (atom, ct) => {
        if (!linear.has(atom)) return;
        const before = cotangents.get(atom);
        cotangents.set(atom, before === undefined ? ct : trace.bind("add_any", [before, ct]));
      };
      if (split.tangent !== null) accumulate(split.tangent, ONE);
      for (const { name, operands, out } of [...split.linear].reverse()) {
        const ct = cotangents.get(out);
        if (ct === undefined) continue;
        const marks = operands.map((a) => linear.has(a));
        const rule = rules[name].transpose[marks.map(Number).join("")];
        const found = trace.inline(rule, [...operands.filter((_, k) => !marks[k]).map(read), ct]);
        operands.filter((_, k) => marks[k]).forEach((a, k) => accumulate(a, found[k]));
      }
      const slopes = split.tangents.map((t) => cotangents.get(t) ?? ZERO);
      return withValue ? [read(split.value), ...slopes] : slopes;
    });
  };

  // Numbers as NumPy computes them.
  const even = (x) => { const r = Math.round(x); return Math.abs(x % 1) === 0.5 && r % 2 ? r - 1 : r; };
  const logistic = (x) => { const e = Math.exp(-Math.abs(x)); return (x < 0 ? e : 1) / (1 + e); };
  const floorMod = (x, y) => { const r = x % y; return r !== 0 && r < 0 !== y < 0 ? r + y : r; };
  const numpy = {
    add: (x, y) => x + y, add_any: (x, y) => x + y, sub: (x, y) => x - y, mul: (x, y) => x * y, div: (x, y) => x / y,
    neg: (x) => -x, floor_divide: (x, y) => Math.floor(x / y), mod: floorMod, pow: (x, y) => (x === 1 ? 1 : x ** y),
    eq: (x, y) => x === y, ne: (x, y) => x !== y, lt: (x, y) => x < y, le: (x, y) => x <= y, gt: (x, y) => x > y, ge: (x, y) => x >= y,
    and: (x, y) => x && y, or: (x, y) => x || y, not: (x) => !x, is_nan: Number.isNaN, is_inf: (x) => Math.abs(x) === Infinity,
    select_n: (which, no, yes) => (which ? yes : no), stop_gradient: (x) => x,
    max: Math.max, min: Math.min,
    fmax: (x, y) => (Number.isNaN(x) ? y : Number.isNaN(y) ? x : Math.max(x, y)),
    fmin: (x, y) => (Number.isNaN(x) ? y : Number.isNaN(y) ? x : Math.min(x, y)),
    sign: (x) => (x === 0 ? 0 : Math.sign(x)), square: (x) => x * x, reciprocal: (x) => 1 / x, rint: even, fabs: Math.abs,
    exp2: (x) => 2 ** x, logistic, logaddexp: (x, y) => (x === y ? x + Math.LN2 : Math.max(x, y) + Math.log1p(Math.exp(-Math.abs(x - y)))),
  };
  const compute = (name, values) => {
    const [, bare, y] = /^(\w+?)(?:\[y=(-?\d+)\])?$/.exec(name);
    if (bare === "integer_pow") return values[0] ** Number(y);
    return (numpy[bare] ?? Math[bare])(...values);
  };
  // A jaxpr as a function from numbers to the numbers of its outputs.
  const run = (jaxpr) => (...inputs) => {
    const env = new Map(jaxpr.inputs.map((v, k) => [v, inputs[k]]));
    const read = (a) => (isVar(a) ? env.get(a) : a.value);
    for (const { name, operands, out } of jaxpr.eqns) env.set(out, compute(name, operands.map(read)));
    return jaxpr.outputs.map((a) => Number(read(a)));
  };

  // The notation of funcgrad/core/printer.py.
  const repr = (value) => {
    if (typeof value === "boolean") return value ? "True" : "False";
    if (!Number.isFinite(value)) return Number.isNaN(value) ? "nan" : value > 0 ? "inf" : "-inf";
    if (value === 0) return Object.is(value, -0) ? "-0.0" : "0.0";
    const [mantissa, exponent] = value.toExponential().split("e");
    const e = Number(exponent);
    if (e < -4 || e >= 16) return `${mantissa}e${e < 0 ? "-" : "+"}${String(Math.abs(e)).padStart(2, "0")}`;
    const shown = e < 0 ? value.toFixed(mantissa.replace(/[-.]/g, "").length - 1 - e) : String(value);
    return shown.includes(".") ? shown : `${shown}.0`;
  };
  const letters = (n) => (n < 26 ? "" : letters(Math.floor(n / 26))) + String.fromCharCode(97 + (n % 26));
  const print = (jaxpr) => {
    const names = new Map();
    const name = (v) => names.get(v) ?? (names.set(v, letters(names.size)), names.get(v));
    const type = (a) => (a.bool ? "bool[]" : "f64[]");
    const atom = (a) => (isVar(a) ? name(a) : `${repr(a.value)}:${type(a)}`);
    const head = `{ lambda ; ${jaxpr.inputs.map((v) => `${name(v)}:${type(v)}`).join(" ")}. let`;
    const body = jaxpr.eqns.map((e) => {
      const operands = e.operands.map(atom).join(" ");
      return `${name(e.out)}:${type(e.out)} = ${e.name} ${operands}`;
    });
    const outs = jaxpr.outputs.map(atom);
    const tail = `in (${outs.join(", ")}${outs.length === 1 ? "," : ""}) }`;
    const flat = `${head} ${body.join("; ")} ${tail}`;
    if (!body.length || flat.length <= 80) return flat;
    return [head, ...body.map((line) => `    ${line}`), `  ${tail}`].join("\n");
  };

  // Expressions of Python: numbers, names, operators, calls of NumPy's functions.
  const TOKEN = /\s*(?:(\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)|((?:np\.|numpy\.)?[A-Za-z_]\w*)|(\*\*|\/\/|[<>=!]=|[-+*\/%<>&|~(),^]))/y;
  const tokens = (text) => {
    const found = [];
    TOKEN.lastIndex = 0;
    while (text.slice(TOKEN.lastIndex).trim()) {
      const at = TOKEN.lastIndex, match = TOKEN.exec(text);
      if (!match) fail(`cannot read ${JSON.stringify(text.slice(at).trim().slice(0, 12))}`);
      found.push(match[1] !== undefined ? { number: match[1] } : match[2] !== undefined ? { name: match[2].replace(/^(np|numpy)\./, "") } : { symbol: match[3] });
    }
    return found;
  };
  const ALIASES = { abs: "absolute", asin: "arcsin", acos: "arccos", atan: "arctan", atan2: "arctan2", asinh: "arcsinh", acosh: "arccosh", atanh: "arctanh" };
  const CONSTANTS = { pi: Math.PI, e: Math.E, inf: Infinity };

  // The tree of an expression: ["number", text], ["name", name], ["call", function, ...arguments].
  const parse = (text) => {
    const list = tokens(text);
    let at = 0;
    const peek = () => list[at]?.symbol;
    const take = (symbol) => (peek() === symbol ? ++at : fail(at < list.length ? `expected “${symbol}” before “${Object.values(list[at])[0]}”` : `expected “${symbol}” at the end`));
    const chain = (symbols, next) => () => {
      let left = next();
      while (symbols.includes(peek())) left = ["call", list[at++].symbol, left, next()];
      return left;
    };
    const atom = () => {
      const token = list[at++];
      if (!token) fail("the expression ends too soon");
      if (token.number !== undefined) return ["number", token.number];
      if (token.symbol === "(") { const inner = expression(); take(")"); return inner; }
      if (token.name === undefined) fail(`did not expect “${token.symbol}” here`);
      if (peek() !== "(") return ["name", token.name];
      at++;
      const given = [];
      while (peek() !== ")") { given.push(expression()); if (peek() !== ")") take(","); }
      at++;
      return ["call", token.name, ...given];
    };
    const raised = () => { const base = atom(); return peek() === "**" ? (at++, ["call", "**", base, signed()]) : base; };
    const signed = () => {
      if (peek() === "-" || peek() === "~") { const symbol = list[at++].symbol; return ["call", symbol === "-" ? "neg" : "~", signed()]; }
      return peek() === "+" ? (at++, signed()) : raised();
    };
    const both = chain(["&"], chain(["+", "-"], chain(["*", "/", "//", "%"], signed)));
    const either = chain(["|"], both);
    function expression() {
      const left = either();
      if (peek() === "^") fail("“^” is no power: write **");
      if (!["<", "<=", ">", ">=", "==", "!="].includes(peek())) return left;
      const found = ["call", list[at++].symbol, left, either()];
      return ["<", "<=", ">", ">=", "==", "!="].includes(peek()) ? fail("comparisons cannot be chained: write (0 < x) & (x < 1)") : found;
    }
    const tree = expression();
    return at < list.length ? fail(`did not expect “${Object.values(list[at])[0]}” here`) : tree;
  };
  // The free names of an expression, x and y first.
  const namesIn = (tree) => {
    const found = new Set();
    const visit = ([kind, first, ...rest]) => {
      if (kind === "name" && !(first in CONSTANTS)) found.add(first);
      if (kind === "call") rest.forEach(visit);
    };
    visit(tree);
    return ["x", "y"].filter((n) => found.delete(n)).concat([...found].sort());
  };

  const isNumber = (a) => !isVar(a) && !a.bool;
  const record = (trace, tree, env) => {
    const [kind, first, ...rest] = tree;
    if (kind === "number") return new Literal(Number(first), /^\d+$/.test(first));
    if (kind === "name") return env[first] ?? (first in CONSTANTS ? number(CONSTANTS[first]) : fail(`“${first}” has no value`));
    const given = rest.map((t) => record(trace, t, env));
    if (first === "**" || first === "power") return given.length === 2 ? raise(trace, ...given) : fail("power takes 2 arguments");
    if (first === "where") {
      if (!given[0]?.bool || !isVar(given[0])) fail("the first argument of where is a condition, as x > 0");
      if (given.slice(1).every((a) => a.whole)) fail("where with two whole numbers gives whole numbers: write 1.0");
    } else if (["&", "|", "~"].includes(first)) {
      if (!given.every((a) => a.bool)) fail(`“${first}” takes conditions in parentheses, as (x > 0) & (x < 1)`);
    } else if (given.length && given.every((a) => a.bool)) fail("arithmetic of conditions alone: multiply one by a number");
    const name = ALIASES[first] ?? first;
    const program = operators[first] ?? functions[name] ?? fail(`the page does not know the function “${first}”`);
    if (program.n !== given.length) fail(`${first} takes ${program.n} argument${program.n > 1 ? "s" : ""}, not ${given.length}`);
    const [result] = trace.inline(program, given);
    if (isNumber(result)) result.whole = given.every((a) => a.whole) && ["+", "-", "*", "//", "%", "neg"].includes(first);
    return result;
  };
  const raise = (trace, x, y) => {
    if (x.bool || y.bool) fail("a condition has no power: multiply it by 1.0 first");
    return power(trace, x, y);
  };

  // An expression as a jaxpr of x and y (those that it has); other names are constants from `values`.
  const make = (text, values = {}) => {
    const tree = parse(text), names = namesIn(tree), wanted = names.filter((n) => n === "x" || n === "y");
    if (!wanted.length) fail("write a function of x, or of x and y");
    const inputs = wanted.map(() => new Var(false));
    const env = Object.fromEntries(names.filter((n) => !wanted.includes(n)).map((n) => [n, number(values[n] ?? 1)]));
    wanted.forEach((n, k) => { env[n] = inputs[k]; });
    const jaxpr = build(inputs, (trace) => {
      const result = record(trace, tree, env);
      if (result.bool) fail("the function gives a condition, not a number");
      return isVar(result) ? [result] : fail("the function is a constant");
    });
    return { jaxpr, inputs: wanted, parameters: names.filter((n) => !wanted.includes(n)) };
  };

  globalThis.funcgradEngine = { make, grad, run, print };
})();
