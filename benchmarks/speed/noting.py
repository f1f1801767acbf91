"""Scripts that run in the measured page and record what happens there.

They use observers, so they cost nothing while nothing happens.
"""

#: Records the start and end of tasks over 50 ms; frames over 50 ms, with the number of dropped
#: frames and the time of widget scripts in each (anywidget loads those from a blob); when the cell
#: was run; when its output was settled.
TASKS = """() => {
  window.ranAt = Infinity;
  addEventListener("keydown", (event) => {
    if (event.key === "Enter") window.ranAt = performance.now();
  }, true);
  window.tasks = [];
  window.frames = [];
  window.settledAt = Infinity;
  new PerformanceObserver((list) => {
    for (const task of list.getEntries()) window.tasks.push([task.startTime, task.startTime + task.duration]);
  }).observe({ type: "longtask" });
  new PerformanceObserver((list) => {
    for (const frame of list.getEntries()) {
      const own = frame.scripts.filter(({ sourceURL }) => sourceURL.startsWith("blob:"));
      window.frames.push({
        span: [frame.startTime, frame.startTime + frame.duration],
        dropped: Math.floor(frame.duration / (1000 / 60)) - 1,
        own: Math.max(0, ...own.map(({ duration }) => duration)),
      });
    }
  }).observe({ type: "long-animation-frame" });
  const cell = document.querySelector('.jp-Notebook .jp-Cell[data-windowed-list-index="2"]');
  new MutationObserver(() => {
    if (window.settledAt === Infinity && cell.querySelector(".nbstream-settled")) window.settledAt = performance.now();
  }).observe(cell, { childList: true, subtree: true });
}"""
#: Scrolls to the end of the text whenever it has grown.
FOLLOW = """() => {
  const cell = document.querySelector('.jp-Notebook .jp-Cell[data-windowed-list-index="2"]');
  new ResizeObserver(() => cell.scrollIntoView({ block: "end" })).observe(cell);
}"""
#: Each token is a word such as @0001234, the time of its sending. The script searches the text from
#: its end back to the newest word that it has seen. Some words have the same time; of these, a
#: later one in the text was sent later.
WORDS = r"""([selector, stamps]) => {
  const cell = document.querySelector('.jp-Notebook .jp-Cell[data-windowed-list-index="2"]');
  window.words = [];
  let newest = -1, alike = 0;
  const channel = new MessageChannel();
  const unpainted = [];
  // A change in an animation frame is painted with that frame, any other change with the next frame.
  const request = window.requestAnimationFrame.bind(window);
  let isInFrame = false;
  window.requestAnimationFrame = (act) => request((now) => {
    isInFrame = true;
    try { act(now); } finally { queueMicrotask(() => { isInFrame = false; }); }
  });
  channel.port1.onmessage = () => {
    const now = Date.now();
    for (const word of unpainted.splice(0)) word.push(now - word[0]);
  };
  const look = () => {
    const output = [...cell.querySelectorAll(".jp-OutputArea-output")].at(-1);
    const root = (selector && output?.querySelector(selector)) || output;
    if (!root) return;
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    for (let node = root; node?.lastChild; node = node.lastChild) walker.currentNode = node.lastChild;
    let text = "";
    for (let node = walker.currentNode; node; node = walker.previousNode()) {
      if (node.nodeType === Node.TEXT_NODE) text = `${node.data.slice(-100000)} ${text}`;
      if (text.length > 100000 || Number(text.match(/@(\d{7})/)?.[1] ?? Infinity) < newest) break;
    }
    const now = Date.now(), today = now - (now % stamps);
    let seen = 0;
    for (const [, written] of text.matchAll(/@(\d{7})\b/g)) {
      const at = Number(written);
      if (at < newest || (at === newest && ++seen <= alike)) continue;
      if (at > newest) [newest, alike, seen] = [at, 0, 1];
      alike += 1;
      const word = [today + at, now - (today + at)];
      window.words.push(word);
      unpainted.push(word);
    }
    const tell = () => channel.port2.postMessage(0);
    if (unpainted.length > 0) isInFrame ? tell() : request(tell);
  };
  new MutationObserver(look).observe(cell, { childList: true, subtree: true, characterData: true });
}"""
#: Measures the milliseconds from running the second cell to the first paint of an element.
FIRST_PIXEL = """(selector) => {
  const cell = document.querySelector('.jp-Notebook .jp-Cell[data-windowed-list-index="1"]');
  window.firstPixel = undefined;
  addEventListener("keydown", (event) => {
    if (event.key === "Enter") window.ranAt = performance.now();
  }, true);
  const channel = new MessageChannel();
  channel.port1.onmessage = () => {
    window.firstPixel ??= performance.now() - window.ranAt;
  };
  const observer = new MutationObserver(() => {
    if (!cell.querySelector(selector)?.getClientRects().length) return;
    observer.disconnect();
    requestAnimationFrame(() => channel.port2.postMessage(0));
  });
  observer.observe(cell, { childList: true, subtree: true });
}"""
