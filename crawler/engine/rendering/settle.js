// Scrolls a page, waits for what that loads, and brings it to rest. Runs in an isolated world, where it leaves
// one object, `settle`; settle.py calls it piece by piece, so that no call is long.
//
// The page may be hostile: its elements can hide properties of `document` and of forms by their names, so
// everything is read by the prototypes' own getters and methods.
(() => {
  const getter = (owner, name) => {
    const get = Object.getOwnPropertyDescriptor(owner.prototype, name).get;
    return (of) => Reflect.apply(get, of, []);
  };
  const method = (owner, name) => {
    const called = owner.prototype[name];
    return (of, ...given) => Reflect.apply(called, of, given);
  };
  const rootOf = getter(Document, "documentElement");
  const bodyOf = getter(Document, "body");
  const scrollingOf = getter(Document, "scrollingElement");
  const readyState = getter(Document, "readyState");
  const fontsOf = getter(Document, "fonts");
  const shadowOf = getter(Element, "shadowRoot");
  const tagOf = getter(Element, "localName");
  const scrollTop = getter(Element, "scrollTop");
  const scrollHeight = getter(Element, "scrollHeight");
  const clientHeight = getter(Element, "clientHeight");
  const clientWidth = getter(Element, "clientWidth");
  const attribute = method(Element, "getAttribute");
  const attributes = method(Element, "getAttributeNames");
  const rectangle = method(Element, "getBoundingClientRect");
  const rectangles = method(Element, "getClientRects");
  const scrollElement = method(Element, "scrollTo");
  const intoView = method(Element, "scrollIntoView");
  const click = method(HTMLElement, "click");
  const textOf = getter(Node, "textContent");
  const childrenOf = getter(Node, "childNodes");
  const baseOf = getter(Node, "baseURI");
  const connected = getter(Node, "isConnected");
  const frameDocument = getter(HTMLIFrameElement, "contentDocument");
  const isA = (thing, type) => thing instanceof type;

  const now = () => performance.now();
  const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
  // A task behind the frame: then the observers of that frame (lazy pictures, IntersectionObserver) were told.
  // A page that is not painted has no frames: go on after 250 ms.
  const frame = () =>
    new Promise((done) => {
      const late = setTimeout(done, 250);
      requestAnimationFrame(() => {
        clearTimeout(late);
        const channel = new MessageChannel();
        channel.port1.onmessage = done;
        channel.port2.postMessage(0);
      });
    });

  // The document, the documents of frames that may be read, and open shadow roots, each with its elements.
  const roots = () => {
    const found = [];
    const open = [document];
    while (open.length && found.length < 500) {
      const root = open.shift();
      const elements = [...Reflect.apply(root.nodeType === 9 ? Document.prototype.querySelectorAll
        : DocumentFragment.prototype.querySelectorAll, root, ["*"])];
      found.push({ root, elements });
      for (const element of elements) {
        const shadow = shadowOf(element);
        if (shadow) open.push(shadow);
        if (tagOf(element) === "iframe" && element instanceof HTMLIFrameElement) {
          const inner = frameDocument(element);
          if (inner && rootOf(inner) && rectangles(element).length) open.push(inner);
        }
      }
    }
    return found;
  };

  // ---- What scrolls: the document first, then big boxes with more in them than they show.
  const main = () => scrollingOf(document) || rootOf(document);
  const scrolls = (element, style) =>
    /^(auto|scroll|overlay)$/.test(style.overflowY) &&
    clientHeight(element) >= 200 && clientWidth(element) >= 200;
  const boxes = new Map(); // element → { y, start, screens }
  const findBoxes = () => {
    for (const { root, elements } of roots()) {
      if (root.nodeType === 9 && root !== document) {
        const inner = scrollingOf(root);
        if (inner && scrollHeight(inner) > clientHeight(inner) + 50 && clientHeight(inner) >= 200) note(inner);
        continue;
      }
      for (const element of elements) {
        if (boxes.size > 20) return;
        if (scrollHeight(element) <= clientHeight(element) + 50 || clientHeight(element) < 200) continue;
        if (element !== main() && scrolls(element, getComputedStyle(element))) note(element);
      }
    }
  };
  const note = (element) => {
    if (!boxes.has(element)) boxes.set(element, { y: 0, start: scrollTop(element), known: 0 });
  };
  const put = (element, y) => scrollElement(element, { top: y, behavior: "instant" });

  // Half a window per frame to the end, or to `limit` windows, or until `until`. The place is remembered.
  const down = async (element, limit, until) => {
    const box = boxes.get(element);
    const window_ = Math.max(clientHeight(element), 100);
    const end = () => scrollHeight(element) - clientHeight(element);
    for (;;) {
      if (now() > until) return "time";
      put(element, Math.min(box.y, end()));
      await frame();
      if (box.y >= end()) break;
      if (box.y + window_ >= limit * window_) return "screens";
      box.y = Math.min(box.y + window_ / 2, end());
    }
    box.known = scrollHeight(element);
    return "end";
  };

  // ---- Text that the page takes away while it is scrolled: a list that keeps only what is on the screen.
  const removed = new Set();
  const lines = (text) => text.split(/\n+/).map((line) => line.trim().replace(/\s+/g, " "))
    .filter((line) => line.length > 1 && line.length < 2000 && /\p{L}/u.test(line));
  const textNodes = (node) => {
    if (node.nodeType === 3) return [textOf(node)];
    if (node.nodeType !== 1 || /^(script|style|template|noscript)$/.test(tagOf(node))) return [];
    const walker = Reflect.apply(Document.prototype.createTreeWalker, document, [node, NodeFilter.SHOW_TEXT]);
    const found = [];
    while (walker.nextNode() && found.length < 5000) found.push(textOf(walker.currentNode));
    return found;
  };
  const take = (records) => {
    if (removed.size > 20000) return;
    for (const record of records) {
      if (record.type === "characterData") lines(record.oldValue || "").forEach((line) => removed.add(line));
      for (const node of record.removedNodes || [])
        if (!connected(node)) textNodes(node).flatMap(lines).forEach((line) => removed.add(line));
    }
  };
  const observer = new MutationObserver(take);
  const watched = new WeakSet();
  const watch = () => {
    for (const { root } of roots()) {
      if (watched.has(root)) continue;
      watched.add(root);
      observer.observe(root, { childList: true, characterData: true, characterDataOldValue: true, subtree: true });
    }
  };
  const present = () => {
    const found = new Set();
    for (const { root } of roots())
      for (const child of childrenOf(root)) textNodes(child).flatMap(lines).forEach((line) => found.add(line));
    return found;
  };

  // ---- Pictures
  const pictures = () => roots().flatMap(({ elements }) => elements.filter((e) => e instanceof HTMLImageElement
    || (tagOf(e) === "img" && "naturalWidth" in e)));
  const shown = (element) => rectangles(element).length > 0;
  const source = (picture) => picture.currentSrc || attribute(picture, "src") || "";
  const count = () => {
    const all = pictures().filter((picture) => source(picture));
    const pending = all.filter((picture) => !picture.complete && shown(picture));
    const done = all.filter((picture) => picture.complete);
    const loaded = done.filter((picture) => picture.naturalWidth > 0);
    return { total: all.length, loaded: loaded.length, broken: done.length - loaded.length,
      pending: pending.length };
  };
  // Pictures whose address still waits in an attribute: their loader missed the quick pass, e.g. because it
  // looks at most every 200 ms. Told apart from loaded ones by what they show: nothing, a data: URL, or a
  // placeholder that others show as well.
  const laggards = () => {
    const waiting = [];
    const shows = new Map();
    for (const picture of pictures()) {
      const src = source(picture);
      shows.set(src, (shows.get(src) || 0) + 1);
      const later = attributes(picture).filter((name) => /^(data-.*|lazy.*|original|_src|file)$/i.test(name))
        .map((name) => attribute(picture, name))
        .filter((value) => /^(https?:)?\/\/|^\/?[^\s:{}[\]]+\.(jpe?g|png|webp|gif|avif|bmp|svg)\b/i.test(value));
      const wanted = later.map((value) => {
        try { return new URL(value, baseOf(picture)).href; } catch { return ""; }
      }).filter(Boolean);
      if (wanted.length && !wanted.includes(src) && shown(picture)) waiting.push({ picture, src });
    }
    return waiting.filter(({ src }) => !src || src.startsWith("data:") || shows.get(src) > 1);
  };
  const visitLaggards = async (until) => {
    let missed = 0;
    let visited = 0;
    for (const { picture, src } of laggards()) {
      if (now() > until || missed >= 3) break;
      if (source(picture) !== src) continue;
      visited += 1;
      intoView(picture, { block: "start", behavior: "instant" });
      const enough = now() + 450;
      while (source(picture) === src && now() < enough) await frame();
      missed = source(picture) === src ? missed + 1 : 0;
    }
    return visited;
  };
  const within = (promise, ms) => Promise.race([promise.then(() => true, () => true), sleep(ms).then(() => false)]);
  const loadPictures = async (until) => {
    const waited = pictures().filter((picture) => source(picture) && shown(picture));
    while (waited.some((picture) => !picture.complete && connected(picture)) && now() < until) await sleep(20);
    const ready = waited.filter((picture) => picture.complete && picture.naturalWidth > 0).slice(0, 500);
    await within(Promise.all(ready.map((picture) => picture.decode().catch(() => 0))),
      Math.max(0, Math.min(3000, until - now())));
  };

  // ---- Rest
  // A person's own page goes on afterwards: what stood still for the pictures moves again (`resumeMotion`), and a
  // page that is to be left as it stands (`keepMotion`, set in this world before) is not touched at all.
  const halted = new Set();
  const resumeMotion = () => {
    for (const moving of halted) {
      const going = moving.play();
      if (going && going.catch) going.catch(() => 0);
    }
    halted.clear();
  };
  const stopMotion = () => {
    let stopped = 0;
    if (globalThis.keepMotion) return stopped;
    for (const animation of Reflect.apply(Document.prototype.getAnimations, document, [])) {
      if (!(animation.timeline instanceof DocumentTimeline)) continue;
      const timing = animation.effect ? animation.effect.getComputedTiming() : null;
      if (animation.playState !== "running" || !timing) continue;
      try {
        if (timing.endTime === Infinity) { animation.pause(); halted.add(animation); } else animation.finish();
        stopped += 1;
      } catch { animation.pause(); }
    }
    for (const { elements } of roots())
      for (const element of elements)
        if (element instanceof HTMLMediaElement && !element.paused) { element.pause(); halted.add(element); }
    return stopped;
  };

  globalThis.settle = {
    async loaded(ms) {
      const until = now() + ms;
      while (readyState(document) !== "complete" && now() < until) await sleep(20);
      return readyState(document);
    },
    begin() { watch(); note(main()); boxes.get(main()).start = scrollTop(main()); return true; },
    // One way down everything that scrolls.
    async round(limit, ms) {
      const until = now() + ms;
      let how = await down(main(), limit, until);
      findBoxes();
      watch();
      for (const [element] of boxes) {
        if (element === main() || !connected(element)) continue;
        const ended = await down(element, limit, until);
        if (ended !== "end" && how === "end") how = ended;
      }
      return how;
    },
    // Whether anything that scrolls became longer, at once when it does.
    async grew(ms) {
      const until = now() + ms;
      const longer = () => [...boxes].some(([element, box]) =>
        connected(element) && scrollHeight(element) > box.known + 8);
      while (!longer() && now() < until) await sleep(20);
      return longer();
    },
    press(selector) {
      let found;
      try { found = [...Reflect.apply(Document.prototype.querySelectorAll, document, [selector])]; }
      catch (error) { return `not a CSS selector: ${String(error.message).slice(0, 120)}`; }
      const button = found.find((element) => {
        const box = rectangle(element);
        const style = getComputedStyle(element);
        return box.width > 0 && box.height > 0 && style.visibility === "visible" &&
          attribute(element, "disabled") === null && attribute(element, "aria-disabled") !== "true";
      });
      if (!button || !(button instanceof HTMLElement)) return "absent";
      intoView(button, { block: "center", behavior: "instant" });
      click(button);
      return "clicked";
    },
    laggards: (ms) => visitLaggards(now() + ms),
    // Lines that were taken away and are not there now.
    lost() {
      take(observer.takeRecords());
      const there = present();
      return [...removed].filter((line) => !there.has(line)).length;
    },
    boxes: () => [...boxes].filter(([element]) => connected(element)).map(([element, state], index) => {
      const box = rectangle(element);
      return { index, main: element === main(), name: tagOf(element) + (attribute(element, "id") ?
        "#" + String(attribute(element, "id")).slice(0, 80) : ""), window: clientHeight(element),
        height: scrollHeight(element), width: Math.round(box.width), seen: Math.round(state.y) };
    }),
    // Put one of them somewhere, and wait until it stands.
    async at(index, y) {
      const element = [...boxes].filter(([one]) => connected(one))[index][0];
      put(element, y);
      await frame();
      const before = { count: 0 };
      const quiet = new MutationObserver((records) => { before.count += records.length; });
      quiet.observe(rootOf(document), { childList: true, characterData: true, subtree: true });
      for (let turn = 0, still = 0; turn < 15 && still < 3; turn += 1) {
        before.count = 0;
        await frame();
        still = before.count ? 0 : still + 1;
      }
      quiet.disconnect();
      return Math.round(scrollTop(element));
    },
    async back() {
      for (const [element, box] of boxes) if (element !== main() && connected(element)) put(element, box.start);
      put(main(), 0);
      await frame();
      await frame();
      return Math.round(scrollTop(main()));
    },
    async rest(ms) {
      const until = now() + ms;
      await within(fontsOf(document).ready, Math.max(0, until - now()));
      await loadPictures(until);
      stopMotion();
      await frame();
      return { fonts: fontsOf(document).status, pictures: count() };
    },
    again() { return { stopped: stopMotion(), pictures: count() }; },
    size: () => ({ width: Math.max(rootOf(document).scrollWidth, innerWidth),
      height: Math.max(scrollHeight(main()), scrollHeight(rootOf(document)), innerHeight) }),
    end() {
      observer.disconnect();
      delete globalThis.settle;
      globalThis.resumeMotion = resumeMotion;
      return true;
    },
  };
  return true;
})();
