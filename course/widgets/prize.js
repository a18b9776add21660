// "Who earned the prize?": draws the frames that course.language.credit made.
//
// JavaScript does no arithmetic on them but that of the drawing: every number that is shown was computed in
// Python. With a kernel, `model` is the widget's; without one, a page calls `show(frames, el)`.

const MINUS = "\u2212";
const COUNT = new Intl.NumberFormat("en-GB", { maximumFractionDigits: 0 });
const SVG = "http://www.w3.org/2000/svg";

const points = (x) => (x < 0 ? MINUS : "") + COUNT.format(Math.abs(x));
const signed = (x) => (x > 0 ? "+" : "") + points(x);

// +312k, -1.25M: for chips, which have room for five signs.
function brief(x) {
  const size = Math.abs(x);
  const sign = x > 0 ? "+" : x < 0 ? MINUS : "";
  if (size >= 999_500) return `${sign}${(size / 1e6).toFixed(2)}M`;
  if (size >= 1_000) return `${sign}${Math.round(size / 1e3)}k`;
  return sign + COUNT.format(size);
}

function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

function draw(tag, attributes, text = "") {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.textContent = text;
  return node;
}

// Change a text only if it is another: a live region speaks again whenever it is written to.
function say(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

const next = (values, t) => values[t + 1] ?? 0; // after the last token nothing can follow

let widgets = 0; // how many were made: labels need names that no other widget has

// A control with its label; the two are tied together, and a click on the label reaches the control.
function labelled(text, control, ...more) {
  control.id = `prize-${widgets}-${text.replace(/\W+/g, "-")}`;
  const label = make("label", { for: control.id }, text);
  return [make("div", { class: "prize-control" }, label, control, ...more), label];
}

function list(names) {
  const select = make("select");
  for (const name of names) select.append(make("option", { value: name }, name));
  return select;
}

function prize(frames, el, { start = {}, ask = null } = {}) {
  widgets += 1;
  const answers = [...frames.answers]; // as they are now, with swapped words
  const state = { answer: 0, weight: "GAE", critic: frames.exact, lam: 0, token: 0, ...start };
  let hovered = null; // the token under the mouse, shown instead of the chosen one
  let waiting = null; // a timer while Python computes

  // The controls
  const before = make("button", { type: "button", "aria-label": "previous answer" }, "◀");
  const after = make("button", { type: "button", "aria-label": "next answer" }, "▶");
  const place = make("span", { class: "prize-place", role: "status" });
  const weight = list(frames.weights);
  const critic = list(frames.critics);
  const dial = make("input", { type: "range", min: 0, max: frames.lambdas.length - 1, step: 1 });
  const reading = make("output");
  const [weightBox] = labelled("weight", weight);
  const [dialBox] = labelled("λ", dial, reading);
  const [criticBox] = labelled("critic", critic);
  reading.setAttribute("for", dial.id);
  const pages = make("div", { class: "prize-control" }, before, place, after);
  const controls = make("div", { class: "prize-controls" }, pages, weightBox, dialBox, criticBox);

  // The answer, and what the shown token got
  const prompt = make("p", { class: "prize-prompt" });
  const chips = make("div", { class: "prize-chips", role: "group" });
  chips.setAttribute("aria-label", "Tokens of the answer. The arrow keys go from one to the next.");
  const scale = make("p", { class: "prize-note" });
  const sum = make("p", { class: "prize-sum", role: "status" });
  const key = make("p", { class: "prize-key" });
  const line = draw("svg", { class: "prize-line", role: "img" });
  const table = make("table", { class: "prize-table" });

  // The swap
  const swap = make("select");
  const back = make("button", { type: "button" }, "as it was written");
  const news = make("span", { class: "prize-news", role: "status" });
  const [swapBox, swapLabel] = labelled("swap", swap, back, news);
  const below = make("div", { class: "prize-below" }, table, swapBox);
  el.append(controls, prompt, chips, scale, sum, key, line, below);
  el.classList.add("prize");

  // Reading the frames

  const answer = () => answers[state.answer];
  const original = () => frames.answers[state.answer];
  const shown = () => hovered ?? state.token;
  const lambda = () => frames.lambdas[state.lam].toFixed(2);

  // Some weights know no critic, and only GAE knows lambda.
  function weights(weight, critic) {
    let found = answer().weights[weight];
    if (!Array.isArray(found)) found = found[critic];
    return Array.isArray(found[0]) ? found[state.lam] : found;
  }

  function described(t) {
    const { words, rewards, values, deltas } = answer();
    const [v, d] = [values[state.critic], deltas[state.critic]];
    return `${words[t]}, token ${t + 1} of ${words.length}: weight ${signed(weights(state.weight, state.critic)[t])} points, `
      + `r ${points(rewards[t])}, V ${points(v[t])}, V next ${points(next(v, t))}, δ ${signed(d[t])}, `
      + `A ${signed(weights("GAE", state.critic)[t])}`;
  }

  // Drawing

  function layChips() {
    chips.replaceChildren();
    let sentence = null;
    answer().words.forEach((word, t) => {
      if (sentence === null) chips.append((sentence = make("span", { class: "prize-sentence" })));
      const chip = make("button", { type: "button", class: "prize-chip" });
      chip.append(make("span", { class: "prize-word" }, word), make("span", { class: "prize-number" }));
      chip.append(make("span", { class: "prize-bar" }, make("span")));
      chip.dataset.token = t;
      sentence.append(chip);
      if (word === ".") sentence = null;
    });
  }

  function paintChips() {
    const each = weights(state.weight, state.critic);
    const most = Math.max(1, ...each.map(Math.abs));
    chips.querySelectorAll(".prize-chip").forEach((chip, t) => {
      const [x, share] = [each[t], Math.abs(each[t]) / most];
      chip.querySelector(".prize-word").textContent = answer().words[t];
      chip.querySelector(".prize-number").textContent = brief(x);
      chip.style.setProperty("--share", share.toFixed(3));
      chip.classList.toggle("prize-plus", x > 0);
      chip.classList.toggle("prize-minus", x < 0);
      chip.classList.toggle("prize-shown", t === shown());
      chip.classList.toggle("prize-swapped", answer().words[t] !== original().words[t]);
      chip.tabIndex = t === state.token ? 0 : -1;
      chip.setAttribute("aria-label", described(t));
    });
    scale.textContent = `Longest bar: ${points(most)} points. To the right (+): the token becomes likelier; `
      + `to the left (${MINUS}): rarer. k thousand, M million.`;
  }

  function paintWords() {
    const { prompt: asked, paid, values, sums } = answer();
    say(place, `answer ${state.answer + 1} of ${answers.length}`);
    prompt.replaceChildren("Prompt: ", make("b", {}, asked), " The answer was paid ");
    prompt.append(make("b", {}, `${points(paid)} points`), ".");
    say(sum, `Σδ = ${signed(sums[state.critic])} points = R ${MINUS} V(s₀) = `
      + `${points(paid)} ${MINUS} ${points(values[state.critic][0])}`);
  }

  function paintTable() {
    const t = shown();
    const { words, rewards, values, deltas } = answer();
    const heads = ["", "r", "V", "V next", "δ", `A (λ ${lambda()})`];
    const another = !["GAE", "TD error"].includes(state.weight); // these two have columns of their own
    if (another) heads.push(`weight: ${state.weight}`);
    table.replaceChildren(make("caption", {}, `Token ${t + 1} of ${words.length}: `, make("b", {}, words[t])));
    table.append(make("tr", {}, ...heads.map((head) => make("th", { scope: "col" }, head))));
    for (const name of new Set([state.critic, frames.exact])) {
      const [v, d] = [values[name], deltas[name]];
      const cells = [points(rewards[t]), points(v[t]), points(next(v, t)), signed(d[t])];
      cells.push(signed(weights("GAE", name)[t]));
      if (another) cells.push(signed(weights(state.weight, name)[t]));
      table.append(make("tr", {}, make("th", { scope: "row" }, name), ...cells.map((x) => make("td", {}, x))));
    }
  }

  function paintLine() {
    const [width, height, left, right, top, foot] = [Math.max(line.clientWidth, 320), 150, 76, 14, 12, 22];
    const { words, paid, values } = answer();
    const every = Object.values(values).flat().concat(paid, 0);
    const [low, high] = [Math.min(...every), Math.max(...every, 1)];
    const x = (t) => left + ((width - left - right) * t) / words.length;
    const y = (v) => top + ((height - top - foot) * (high - v)) / (high - low);
    const t = shown();

    line.setAttribute("viewBox", `0 0 ${width} ${height}`);
    line.replaceChildren();
    for (const level of new Set([0, paid, high])) {
      if (level !== high || Math.abs(y(paid) - y(high)) > 14 || paid === high) {
        line.append(draw("line", { class: "prize-grid", x1: left, x2: width - right, y1: y(level), y2: y(level) }));
        line.append(draw("text", { x: left - 6, y: y(level) + 4, "text-anchor": "end" }, points(level)));
      }
    }
    line.append(draw("rect", { class: "prize-here", x: x(t), y: top, width: x(t + 1) - x(t), height: height - top - foot }));
    line.append(draw("text", { x: (x(t) + x(t + 1)) / 2, y: height - 6, "text-anchor": "middle" }, words[t]));
    for (const name of new Set([frames.exact, state.critic])) {
      const places = [...values[name], paid].map((v, i) => `${x(i).toFixed(1)},${y(v).toFixed(1)}`);
      const kind = name === frames.exact ? "prize-exact" : "prize-value";
      line.append(draw("polyline", { class: kind, points: places.join(" ") }));
    }
    line.append(draw("circle", { class: "prize-paid", cx: x(words.length), cy: y(paid), r: 5 }));

    const exact = frames.exact;
    key.replaceChildren("What may still be expected before each token, in points: ");
    if (state.critic !== exact) key.append(make("span", { class: "prize-key-value" }), ` V of the critic (${state.critic}) `);
    key.append(make("span", { class: "prize-key-exact" }), ` ${exact} `, make("span", { class: "prize-key-paid" }), " the prize");
    const v = values[state.critic];
    line.setAttribute("aria-label", `V of ${state.critic} goes from ${points(v[0])} before the first token to `
      + `${points(v.at(-1))} before the last; exact V from ${points(values[exact][0])} to ${points(values[exact].at(-1))}; `
      + `then the prize of ${points(paid)} points arrives.`);
  }

  function paintSwap() {
    const { words, alternatives } = answer();
    const others = alternatives[state.token];
    const open = ask !== null && others.length > 0;
    say(swapLabel, `in place of “${words[state.token]}” write`);
    swap.replaceChildren(...(open ? others : [words[state.token]]).map((word) => make("option", { value: word }, word)));
    swap.value = words[state.token];
    swap.disabled = !open;
    back.disabled = ask === null || answer() === original();
    if (ask === null) say(news, "Words can be swapped where a kernel runs.");
    else if (!others.length) say(news, "Nothing else may stand here: go to another token.");
    else if (waiting === null && !news.classList.contains("prize-told")) say(news, "");
  }

  function paint() {
    weight.value = state.weight;
    critic.value = state.critic;
    dial.value = state.lam;
    dial.disabled = state.weight !== "GAE";
    reading.textContent = lambda();
    dial.setAttribute("aria-valuetext", reading.textContent);
    before.disabled = state.answer === 0;
    after.disabled = state.answer === answers.length - 1;
    if (chips.querySelectorAll(".prize-chip").length !== answer().words.length) layChips();
    paintChips();
    paintWords();
    paintTable();
    paintLine();
    paintSwap();
  }

  // Listening

  function turn(step) {
    state.answer += step;
    state.token = 0;
    hovered = null;
    tell("");
    layChips();
    paint();
    if (document.activeElement === document.body) (step > 0 ? before : after).focus(); // the pressed one is off now
  }

  function choose(t) {
    state.token = t;
    hovered = null;
    tell("");
    paint();
    chips.querySelectorAll(".prize-chip")[t].focus();
  }

  // The chip in the row above or below that is nearest to the middle of this one.
  function above(t, step) {
    const all = [...chips.querySelectorAll(".prize-chip")].map((chip) => chip.getBoundingClientRect());
    const middle = all[t].left + all[t].width / 2;
    const beyond = all.map((box, i) => [box, i]).filter(([box]) => (box.top - all[t].top) * step > box.height / 2);
    if (!beyond.length) return t;
    const row = step * Math.min(...beyond.map(([box]) => box.top * step));
    const inRow = beyond.filter(([box]) => Math.abs(box.top - row) < box.height / 2);
    return inRow.reduce((best, each) => (away(each, middle) < away(best, middle) ? each : best))[1];
  }

  const away = ([box], middle) => Math.abs(box.left + box.width / 2 - middle);

  function tell(text) {
    clearTimeout(waiting);
    waiting = null;
    news.classList.toggle("prize-told", text !== "");
    say(news, text);
  }

  function request(words) {
    tell("");
    waiting = setTimeout(() => tell("No kernel answers; run the cell again to swap words."), 8_000);
    say(news, "…");
    ask({ answer: state.answer, words });
  }

  before.addEventListener("click", () => turn(-1));
  after.addEventListener("click", () => turn(1));
  weight.addEventListener("change", () => { state.weight = weight.value; paint(); });
  critic.addEventListener("change", () => { state.critic = critic.value; paint(); });
  dial.addEventListener("input", () => { state.lam = Number(dial.value); paint(); });
  swap.addEventListener("change", () => request(answer().words.map((word, t) => (t === state.token ? swap.value : word))));
  back.addEventListener("click", () => {
    answers[state.answer] = original();
    tell("");
    paint();
    swap.focus();
  });

  const tokenOf = (event) => event.target.closest?.(".prize-chip")?.dataset.token;
  chips.addEventListener("mouseover", (event) => {
    if (tokenOf(event) === undefined) return;
    hovered = Number(tokenOf(event));
    paint();
  });
  chips.addEventListener("mouseleave", () => { hovered = null; paint(); });
  chips.addEventListener("focusin", (event) => {
    if (Number(tokenOf(event)) !== state.token) choose(Number(tokenOf(event)));
  });
  chips.addEventListener("click", (event) => { if (tokenOf(event) !== undefined) choose(Number(tokenOf(event))); });
  chips.addEventListener("keydown", (event) => {
    const t = state.token;
    const goals = { ArrowLeft: t - 1, ArrowRight: t + 1, Home: 0, End: answer().words.length - 1 };
    if (event.key === "ArrowUp" || event.key === "ArrowDown") goals[event.key] = above(t, event.key === "ArrowUp" ? -1 : 1);
    if (event.key === "Enter" && !event.shiftKey && !swap.disabled) swap.focus();
    else if (event.key in goals) choose(Math.min(Math.max(goals[event.key], 0), answer().words.length - 1));
    else return;
    event.preventDefault();
  });
  const size = new ResizeObserver(paintLine);
  size.observe(line);
  paint();

  return {
    // What Python made of a swapped word: the new record of that answer, or why there is none.
    receive({ answer: which, record, error }) {
      tell(error ?? "");
      if (record) {
        if (which === state.answer) tell(change(answers[which], record, frames.exact, state.token));
        answers[which] = record;
      }
      paint();
    },
    stop: () => { clearTimeout(waiting); size.disconnect(); },
  };
}

function change(was, now, exact, t) {
  const [v, w] = [next(was.values[exact], t), next(now.values[exact], t)];
  return `${exact} after this word: ${points(v)} → ${points(w)}.`;
}

export function show(frames, el, options) {
  return prize(frames, el, options);
}

export default {
  render({ model, el }) {
    const ask = model.get("can_swap") ? (content) => model.send(content) : null;
    const drawn = prize(model.get("frames"), el, { start: model.get("start"), ask });
    model.on("msg:custom", drawn.receive);
    return () => { model.off("msg:custom", drawn.receive); drawn.stop(); };
  },
};
