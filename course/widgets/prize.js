// "Who earned the prize?": draws the frames that course.language.credit made.
//
// JavaScript does no arithmetic on them but that of the drawing: every number that is shown was computed in
// Python. With a kernel, anywidget calls `render`; without one, a page calls `show(frames, element)`.

const MINUS = "\u2212";
const COUNT = new Intl.NumberFormat("en-GB", { maximumFractionDigits: 0 });
const SVG = "http://www.w3.org/2000/svg";
const PATIENCE = 8_000; // milliseconds until a kernel that does not answer is missed

// Numbers, and the making of elements

const points = (x) => (x < 0 ? MINUS : "") + COUNT.format(Math.abs(x));
const signed = (x) => (x > 0 ? "+" : "") + points(x);

// +312k, -1.25M: for chips, which have room for six signs.
function brief(x) {
  const size = Math.abs(x);
  const sign = x > 0 ? "+" : x < 0 ? MINUS : "";
  if (size >= 999_500) return `${sign}${(Math.round(size / 1e4) / 100).toFixed(2)}M`;
  if (size >= 1_000) return `${sign}${Math.round(size / 1e3)}k`;
  return sign + COUNT.format(size);
}

// What a list of values says after token t; after the last one nothing can follow.
const next = (values, t) => values[t + 1] ?? 0;

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

function list(names) {
  const select = make("select");
  select.append(...names.map((name) => make("option", { value: name }, name)));
  return select;
}

let made = 0; // widgets so far: a label finds its control by a name that no other widget has

class Prize {
  constructor(frames, element, { start = {}, ask = null } = {}) {
    made += 1;
    this.number = made;
    this.frames = frames;
    this.ask = ask; // sends words to Python; null where there is none
    this.answers = [...frames.answers]; // as they are now, with swapped words
    this.weight = "GAE";
    this.critic = frames.exact;
    this.answer = 0;
    this.token = this.record.token; // the chosen one
    this.lam = 0; // a place in the list of lambdas
    Object.assign(this, start);
    this.hovered = null; // the token under the mouse, shown in place of the chosen one
    this.waiting = null; // the timer while Python computes

    this.build(element);
    this.listen();
    this.layChips();
    this.paint();
    this.size = new ResizeObserver(() => this.paintLine());
    this.size.observe(this.line);
  }

  stop() {
    clearTimeout(this.waiting);
    this.size.disconnect();
  }

  // The elements

  build(element) {
    this.before = make("button", { type: "button", "aria-label": "previous answer" }, "◀");
    this.after = make("button", { type: "button", "aria-label": "next answer" }, "▶");
    this.place = make("span", { class: "prize-place", role: "status" });
    this.weightList = list(this.frames.weights);
    this.criticList = list(this.frames.critics);
    this.dial = make("input", { type: "range", min: 0, max: this.frames.lambdas.length - 1, step: 1 });
    this.reading = make("output");

    this.prompt = make("p", { class: "prize-prompt" });
    this.chips = make("div", { class: "prize-chips", role: "group" });
    this.chips.setAttribute("aria-label", "Tokens of the answer. The arrow keys go from one to the next.");
    this.scale = make("p", { class: "prize-note" });
    this.sum = make("p", { class: "prize-sum", role: "status" });
    this.key = make("p", { class: "prize-key" });
    this.line = draw("svg", { class: "prize-line", role: "img" });
    this.table = make("table", { class: "prize-table" });

    this.swap = make("select");
    this.back = make("button", { type: "button" }, "as it was written");
    this.news = make("span", { class: "prize-news", role: "status" });
    const swapping = this.labelled("in place of", this.swap, this.back, this.news);
    this.swapLabel = swapping.querySelector("label");

    const controls = make(
      "div",
      { class: "prize-controls" },
      make("div", { class: "prize-control" }, this.before, this.place, this.after),
      this.labelled("weight", this.weightList),
      this.labelled("λ", this.dial, this.reading),
      this.labelled("critic", this.criticList),
    );
    const below = make("div", { class: "prize-below" }, this.table, swapping);
    element.classList.add("prize");
    element.append(controls, this.prompt, this.chips, this.scale, this.sum, this.key, this.line, below);
  }

  // A control after its label; a click on the label reaches the control.
  labelled(text, control, ...more) {
    control.id = `prize-${this.number}-${text.replaceAll(" ", "-")}`;
    return make("div", { class: "prize-control" }, make("label", { for: control.id }, text), control, ...more);
  }

  // One button for each token; a sentence stays together where there is room.
  layChips() {
    this.chips.replaceChildren();
    let sentence = null;
    this.record.words.forEach((word, t) => {
      if (sentence === null) {
        sentence = make("span", { class: "prize-sentence" });
        this.chips.append(sentence);
      }
      const bar = make("span", { class: "prize-bar" }, make("span"));
      const chip = make("button", { type: "button", class: "prize-chip", "data-token": t });
      chip.append(make("span", { class: "prize-word" }), make("span", { class: "prize-number" }), bar);
      sentence.append(chip);
      if (word === ".") sentence = null;
    });
    this.chipList = [...this.chips.querySelectorAll(".prize-chip")];
  }

  // Reading the frames

  get record() {
    return this.answers[this.answer];
  }

  get original() {
    return this.frames.answers[this.answer];
  }

  get shown() {
    return this.hovered ?? this.token;
  }

  get lambda() {
    return this.frames.lambdas[this.lam].toFixed(2);
  }

  // The critics whose numbers are shown: the chosen one, and the exact V beside it.
  get pair() {
    return [...new Set([this.critic, this.frames.exact])];
  }

  // Some weights know no critic, and only GAE knows lambda.
  weights(weight, critic) {
    let found = this.record.weights[weight];
    if (!Array.isArray(found)) found = found[critic];
    return Array.isArray(found[0]) ? found[this.lam] : found;
  }

  // What the table says of token t: r, V, V next, delta, A, and the weight if it is none of these.
  numbers(t, critic) {
    const { rewards, values, deltas } = this.record;
    const v = values[critic];
    const cells = [
      ["r", points(rewards[t])],
      ["V", points(v[t])],
      ["V next", points(next(v, t))],
      ["δ", signed(deltas[critic][t])],
      [`A (λ ${this.lambda})`, signed(this.weights("GAE", critic)[t])],
    ];
    if (!["GAE", "TD error"].includes(this.weight)) {
      cells.push([`weight: ${this.weight}`, signed(this.weights(this.weight, critic)[t])]);
    }
    return cells;
  }

  // Drawing

  paint() {
    this.weightList.value = this.weight;
    this.criticList.value = this.critic;
    this.dial.value = this.lam;
    this.dial.disabled = this.weight !== "GAE";
    this.dial.setAttribute("aria-valuetext", this.lambda);
    this.reading.textContent = this.lambda;
    this.before.disabled = this.answer === 0;
    this.after.disabled = this.answer === this.answers.length - 1;

    this.paintChips();
    this.paintWords();
    this.paintTable();
    this.paintLine();
    this.paintSwap();
  }

  paintChips() {
    const { words } = this.record;
    const weights = this.weights(this.weight, this.critic);
    const most = Math.max(1, ...weights.map(Math.abs));
    this.chipList.forEach((chip, t) => {
      const [word, number] = chip.children;
      word.textContent = words[t];
      number.textContent = brief(weights[t]);
      chip.style.setProperty("--share", (Math.abs(weights[t]) / most).toFixed(3));

      chip.classList.toggle("prize-plus", weights[t] > 0);
      chip.classList.toggle("prize-minus", weights[t] < 0);
      chip.classList.toggle("prize-shown", t === this.shown);
      chip.classList.toggle("prize-swapped", words[t] !== this.original.words[t]);
      chip.tabIndex = t === this.token ? 0 : -1; // the Tab key finds one of them, the arrows the others

      const said = this.numbers(t, this.critic).map(([name, number]) => `${name} ${number}`);
      chip.setAttribute("aria-label", `${words[t]}, token ${t + 1} of ${words.length}: ${said.join(", ")}`);
    });
    this.scale.textContent =
      `Longest bar: ${points(most)} points. To the right (+): the token becomes likelier; ` +
      `to the left (${MINUS}): rarer. k thousand, M million.`;
  }

  paintWords() {
    const { prompt, paid, values, sums } = this.record;
    say(this.place, `answer ${this.answer + 1} of ${this.answers.length}`);
    this.prompt.replaceChildren("Prompt: ", make("b", {}, prompt), " The answer was paid ");
    this.prompt.append(make("b", {}, `${points(paid)} points`), ".");

    const start = values[this.critic][0];
    const right = `${points(paid)} ${MINUS} ${points(start)}`;
    say(this.sum, `Σδ = ${signed(sums[this.critic])} points = R ${MINUS} V(s₀) = ${right}`);
  }

  paintTable() {
    const t = this.shown;
    const { words } = this.record;
    const caption = make("caption", {}, `Token ${t + 1} of ${words.length}: `, make("b", {}, words[t]));
    const heads = ["", ...this.numbers(t, this.critic).map(([name]) => name)];
    this.table.replaceChildren(caption, make("tr", {}, ...heads.map((head) => make("th", { scope: "col" }, head))));
    for (const critic of this.pair) {
      const cells = this.numbers(t, critic).map(([, number]) => make("td", {}, number));
      this.table.append(make("tr", {}, make("th", { scope: "row" }, critic), ...cells));
    }
  }

  // V before each token, and at the end the prize: the step over a token is its delta.
  paintLine() {
    const { words, paid, values } = this.record;
    const exact = this.frames.exact;
    const every = Object.values(values).flat().concat(paid, 0); // of all critics: the scale stays as they change
    const low = Math.min(...every);
    const high = Math.max(...every, 1);

    const width = Math.max(this.line.clientWidth, 320);
    const height = 150;
    const [left, right, top, bottom] = [76, width - 14, 12, height - 22];
    const x = (t) => left + ((right - left) * t) / words.length;
    const y = (v) => top + ((bottom - top) * (high - v)) / (high - low);
    this.line.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.line.replaceChildren();
    const add = (...node) => this.line.append(draw(...node));

    const levels = [0, paid, high].filter((v) => v === paid || Math.abs(y(v) - y(paid)) > 14);
    for (const v of levels) {
      add("line", { class: "prize-grid", x1: left, x2: right, y1: y(v), y2: y(v) });
      add("text", { x: left - 6, y: y(v) + 4, "text-anchor": "end" }, points(v));
    }
    const t = this.shown;
    add("rect", { class: "prize-here", x: x(t), y: top, width: x(1) - x(0), height: bottom - top });
    add("text", { x: x(t + 0.5), y: height - 6, "text-anchor": "middle" }, words[t]);
    for (const critic of this.pair) {
      const places = [...values[critic], paid].map((v, i) => `${x(i).toFixed(1)},${y(v).toFixed(1)}`);
      add("polyline", { class: critic === exact ? "prize-exact" : "prize-value", points: places.join(" ") });
    }
    add("circle", { class: "prize-paid", cx: x(words.length), cy: y(paid), r: 5 });

    this.key.replaceChildren("What may still be expected before each token, in points: ");
    if (this.critic !== exact) {
      this.key.append(make("span", { class: "prize-key-value" }), ` V of the critic (${this.critic}) `);
    }
    this.key.append(make("span", { class: "prize-key-exact" }), ` ${exact} `);
    this.key.append(make("span", { class: "prize-key-paid" }), " the prize");
    const ends = this.pair.map((critic) => {
      const v = values[critic];
      return `${critic} from ${points(v[0])} before the first token to ${points(v.at(-1))} before the last`;
    });
    this.line.setAttribute("aria-label", `V: ${ends.join("; ")}; then the prize of ${points(paid)} points.`);
  }

  paintSwap() {
    const { words, alternatives } = this.record;
    const others = this.ask === null ? [] : alternatives[this.token];
    const word = words[this.token];
    say(this.swapLabel, `in place of “${word}” write`);
    this.swap.replaceChildren(...(others.length ? others : [word]).map((each) => make("option", {}, each)));
    this.swap.value = word;
    this.swap.disabled = !others.length;
    this.back.disabled = this.record === this.original;

    if (this.ask === null) say(this.news, "Words can be swapped in the notebook.");
    else if (!others.length) say(this.news, "Nothing else may stand here: go to another token.");
  }

  // Listening

  listen() {
    this.before.addEventListener("click", () => this.turn(-1));
    this.after.addEventListener("click", () => this.turn(1));
    this.weightList.addEventListener("change", () => this.set({ weight: this.weightList.value }));
    this.criticList.addEventListener("change", () => this.set({ critic: this.criticList.value }));
    this.dial.addEventListener("input", () => this.set({ lam: Number(this.dial.value) }));

    this.swap.addEventListener("change", () => this.request(this.swap.value));
    this.back.addEventListener("click", () => {
      this.answers[this.answer] = this.original;
      this.tell("");
      this.paint();
      this.swap.focus(); // the button has nothing left to do
    });

    const tokenOf = (event) => Number(event.target.closest(".prize-chip")?.dataset.token ?? -1);
    const onChip = (act) => (event) => tokenOf(event) >= 0 && act(tokenOf(event));
    this.chips.addEventListener("mouseover", onChip((t) => this.set({ hovered: t })));
    this.chips.addEventListener("mouseleave", () => this.set({ hovered: null }));
    this.chips.addEventListener("click", onChip((t) => this.choose(t)));
    this.chips.addEventListener("focusin", onChip((t) => t !== this.token && this.choose(t)));
    this.chips.addEventListener("keydown", (event) => this.press(event));
  }

  set(changed) {
    Object.assign(this, changed);
    this.paint();
  }

  turn(step) {
    this.tell("");
    Object.assign(this, { answer: this.answer + step, hovered: null });
    this.token = this.record.token;
    this.layChips();
    this.paint();
    if (this.after.disabled) this.before.focus(); // at an end the pressed button is off, and lets the focus go
    else if (this.before.disabled) this.after.focus();
  }

  choose(t) {
    this.tell("");
    this.set({ token: t, hovered: null });
    this.chipList[t].focus();
  }

  press(event) {
    const t = this.token;
    const last = this.chipList.length - 1;
    const goals = { ArrowLeft: Math.max(t - 1, 0), ArrowRight: Math.min(t + 1, last), Home: 0, End: last };
    if (event.key === "ArrowUp") goals.ArrowUp = this.across(t, -1);
    if (event.key === "ArrowDown") goals.ArrowDown = this.across(t, 1);

    if (event.key === "Enter" && !event.shiftKey && !this.swap.disabled) this.swap.focus();
    else if (event.key in goals) this.choose(goals[event.key]);
    else return;
    event.preventDefault();
  }

  // The chip in the next row, up (-1) or down (1), whose middle is nearest to that of chip t.
  across(t, step) {
    const boxes = this.chipList.map((chip) => chip.getBoundingClientRect());
    const middle = (i) => boxes[i].left + boxes[i].width / 2;
    const beyond = [...boxes.keys()].filter((i) => (boxes[i].top - boxes[t].top) * step > 5);
    if (!beyond.length) return t;

    const nearest = (distance) => (best, i) => (distance(i) < distance(best) ? i : best);
    const row = boxes[beyond.reduce(nearest((i) => Math.abs(boxes[i].top - boxes[t].top)))].top;
    const inRow = beyond.filter((i) => Math.abs(boxes[i].top - row) < 5);
    return inRow.reduce(nearest((i) => Math.abs(middle(i) - middle(t))));
  }

  // Swapping a word

  request(word) {
    this.tell("…");
    this.waiting = setTimeout(() => this.tell("No kernel answers; run the cell again to swap words."), PATIENCE);
    const words = this.record.words.map((each, t) => (t === this.token ? word : each));
    this.ask({ answer: this.answer, words });
  }

  // What Python made of it: the new record of that answer, or why there is none.
  receive({ answer, record, error }) {
    this.tell(error ?? "");
    if (record) {
      const exact = this.frames.exact;
      const [was, is] = [this.answers[answer], record].map((each) => next(each.values[exact], this.token));
      if (answer === this.answer) this.tell(`${exact} after this word: ${points(was)} → ${points(is)}.`);
      this.answers[answer] = record;
    }
    this.paint();
  }

  tell(text) {
    clearTimeout(this.waiting);
    this.waiting = null;
    say(this.news, text);
  }
}

export function show(frames, element, options) {
  return new Prize(frames, element, options);
}

export default {
  render({ model, el }) {
    const ask = model.get("can_swap") ? (content) => model.send(content) : null;
    const drawn = new Prize(model.get("frames"), el, { start: model.get("start"), ask });
    const receive = (content) => drawn.receive(content);
    model.on("msg:custom", receive);
    return () => {
      model.off("msg:custom", receive);
      drawn.stop();
    };
  },
};
