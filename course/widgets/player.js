// Plays the frames of an Explorer on a page where no kernel runs.
//
// `course.classroom.frames.played` puts three things in one element: the static twin, the frames as JSON, and
// the address of their pictures. Without this script the twin stays; with it, controls take its place.

(() => {
  const NEAR = "800px"; // from the window: then the pictures are loaded
  const REST = 30; // milliseconds after a move: whoever drags a slider waits for nothing but the next picture
  const AT_ONCE = 6; // pictures that are loaded at a time

  function make(tag, attributes = {}, ...children) {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    node.append(...children);
    return node;
  }

  let made = 0; // players so far: a label finds its control by a name that no other has

  class Player {
    constructor(root) {
      made += 1;
      this.name = `advantage-player-${made}`;
      this.root = root;
      this.url = root.dataset.url;
      Object.assign(this, JSON.parse(root.querySelector(":scope > script").textContent));
      this.byPlace = new Map(this.frames.map((frame) => [frame.at.join(), frame]));
      this.at = this.frames[0].at; // for each control, which of its values
      this.images = new Map(); // by the name of the file
      this.turn = 0; // moves so far: a picture that comes late is not shown

      this.build();
      this.fit();
      this.loadWhenNear();
    }

    // The elements

    build() {
      const twin = this.root.querySelector(":scope > .advantage-player-twin");
      const first = twin.querySelector("img"); // the figure of the first setting is there already
      const [width, height] = this.size;
      this.stage = make("div", { class: "advantage-player-stage" }, first);
      this.stage.style.aspectRatio = `${width} / ${height}`;
      this.stage.style.setProperty("--full", `${width}px`);
      first.removeAttribute("style");

      // The longest words hold the room for all of them, so that nothing below moves.
      this.words = make("p", { "aria-live": "polite" });
      this.words.innerHTML = this.frames[0].words;
      const room = make("p", { "aria-hidden": "true" });
      const texts = this.frames.map((frame) => frame.words);
      room.innerHTML = texts.reduce((a, b) => (b.length > a.length ? b : a));

      this.rows = this.controls.map((control, i) => this.row(control, i));
      const group = make("div", { class: "advantage-player-body", role: "group", "aria-label": "Interactive figure" });
      group.append(make("div", { class: "advantage-player-controls" }, ...this.rows.map((row) => row.element)));
      if (this.note) group.append(make("p", { class: "advantage-player-note" }, this.note));
      const shown = make("div", { class: "advantage-player-shown" }, this.stage);
      group.append(shown, this.enlarger(shown), make("div", { class: "advantage-player-words" }, this.words, room));
      twin.replaceWith(group);
    }

    // On a phone: the figure as large as it was drawn, to be moved under the finger.
    enlarger(shown) {
      const button = make("button", { type: "button", class: "advantage-player-larger", "aria-pressed": "false" }, "Full size");
      button.addEventListener("click", () => {
        const large = shown.classList.toggle("advantage-player-large");
        button.setAttribute("aria-pressed", large);
        shown.tabIndex = large ? 0 : -1; // the arrow keys move it
      });
      return button;
    }

    row(control, i) {
      const id = `${this.name}-${i}`;
      const label = make("label", { for: id }, control.label);
      if (control.list) {
        const input = make("select", { id });
        input.append(...control.texts.map((text, place) => make("option", { value: place }, text)));
        input.addEventListener("change", () => this.move(i, Number(input.value)));
        return { input, element: make("div", { class: "advantage-player-control" }, label, input) };
      }

      const input = make("input", { id, type: "range", min: 0, step: 1 });
      const output = make("output", { for: id });
      input.addEventListener("input", () => this.move(i, this.there(i)[Number(input.value)]));
      return { input, output, element: make("div", { class: "advantage-player-control" }, label, input, output) };
    }

    // Settings

    // The places that a control may take now: of a slider whose end follows others, those that have a frame.
    there(i) {
      const all = this.controls[i].texts.map((_, place) => place);
      if (!this.controls[i].follows) return all;
      return all.filter((place) => this.byPlace.has(this.at.with(i, place).join()));
    }

    // To the setting that was asked for, or, where a slider is too far for it, to the nearest that is there.
    move(i, place) {
      const wanted = this.at.with(i, place);
      let frame = this.byPlace.get(wanted.join());
      if (!frame) {
        const far = ({ at }) => at.reduce((sum, each, k) => sum + Math.abs(each - wanted[k]), 0);
        const those = this.frames.filter(({ at }) => at[i] === place);
        frame = those.reduce((a, b) => (far(b) < far(a) ? b : a));
      }
      this.at = frame.at;
      this.fit();
      this.show(frame);
    }

    // The controls show where they are.
    fit() {
      this.rows.forEach(({ input, output }, i) => {
        const text = this.controls[i].texts[this.at[i]];
        if (!output) {
          input.value = this.at[i];
          return;
        }
        const there = this.there(i);
        input.max = there.length - 1;
        input.value = there.indexOf(this.at[i]);
        input.setAttribute("aria-valuetext", text);
        output.textContent = text;
      });
    }

    // Pictures

    async show(frame) {
      clearTimeout(this.resting);
      this.turn += 1;
      const turn = this.turn;
      const layers = (frame.picture ?? []).map((name) => this.image(name));
      try {
        await Promise.all(layers.map((layer) => layer.decode())); // the old picture stays until the new one is whole
      } catch {
        if (turn === this.turn) this.say("This picture could not be loaded.", true);
        return;
      }
      if (turn !== this.turn) return;

      if (!frame.failed) this.stage.replaceChildren(...layers);
      this.say(frame.words, frame.failed);
      const [whole] = this.stage.querySelectorAll("img");
      if (!frame.failed) whole.alt = this.words.textContent;
      this.resting = setTimeout(() => this.decodeNeighbours(), REST);
    }

    // What one step leads to is made ready while the reader looks.
    decodeNeighbours() {
      this.at.forEach((place, i) => {
        for (const next of [place + 1, place - 1]) {
          const names = this.byPlace.get(this.at.with(i, next).join())?.picture ?? [];
          for (const name of names) this.image(name).decode().catch(() => {});
        }
      });
    }

    say(words, failed) {
      this.words.innerHTML = words;
      this.stage.classList.toggle("advantage-player-pale", Boolean(failed));
    }

    image(name) {
      if (!this.images.has(name)) {
        const image = make("img", { alt: "", decoding: "async", src: this.url + name });
        this.images.set(name, image);
      }
      return this.images.get(name);
    }

    loadWhenNear() {
      const seen = ([entry], observer) => {
        if (!entry.isIntersecting) return;
        observer.disconnect();
        this.loadAll();
      };
      new IntersectionObserver((entries, observer) => seen(entries.slice(-1), observer), { rootMargin: NEAR })
        .observe(this.root);
    }

    // The nearest settings first.
    async loadAll() {
      const far = ({ at }) => Math.max(...at.map((place, i) => Math.abs(place - this.at[i])));
      const names = [...this.frames].sort((a, b) => far(a) - far(b)).flatMap((frame) => frame.picture ?? []);
      const left = [...new Set(names)].values();
      const load = async () => {
        for (const name of left) {
          const image = this.image(name);
          if (image.complete) continue;
          await new Promise((done) => {
            image.addEventListener("load", done);
            image.addEventListener("error", done);
          });
        }
      };
      await Promise.all(Array.from({ length: AT_ONCE }, load));
      this.root.dataset.loaded = "all";
    }
  }

  const start = () => {
    for (const root of document.querySelectorAll(".advantage-player[data-url]:not([data-plays])")) {
      root.dataset.plays = "";
      new Player(root);
    }
  };
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
