/**
 * All the code that a widget carries. It takes the page's modules from the page, or from what the
 * kernel sent along, or asks the kernel for them: by the control channel first, which is heard
 * while a cell runs. Python puts the values in (`nbstream/widgets/page_modules.py`).
 *
 * anywidget gives a model two seconds to finish `initialize`, so nothing is awaited there.
 */

import type { AnyModel } from "@anywidget/types";

/** What Python puts in, in one place. */
declare const __GIVEN__: {
  /** The modules to load, by name; the last one is the widget's. */
  needed: readonly string[];
  /** By name. */
  hashes: Record<string, string>;
  /** By hash: what no page is known to have, packed. */
  code: Record<string, string>;
  /** The message type of the control channel. */
  request: string;
};
const { needed: NEEDED, hashes: HASHES, code: CODE, request: REQUEST } = __GIVEN__;

type Cleanup = (() => void) | undefined;
type Props = { model: AnyModel; el: HTMLElement };
type Hook = (props: object) => Cleanup;
type Module = { default: () => Record<"initialize" | "render", Hook> };
type Kernel = {
  clientId?: string;
  sendControlMessage?(message: object, expectReply: boolean, dispose: boolean): { onReply?(reply: unknown): void };
};
type Code = { code?: Record<string, string> };
interface Store {
  /** By hash: modules that were evaluated. */
  modules: Record<string, Module>;
  /** By hash: those on their way, and how their code is handed over. */
  waiting: Record<string, { module: Promise<Module>; take(code: string): void }>;
}

const globals = globalThis as unknown as Record<symbol, unknown>;
const KEY = Symbol.for("nbstream.modules");
globals[KEY] ??= { modules: {}, waiting: {} };
const store = globals[KEY] as Store;
const wait = (hash: string): Store["waiting"][string] => {
  let take: (code: string) => void = () => {};
  const module = new Promise<string>((resolve) => {
    take = resolve;
  }).then(async (packed) => {
    let url = "";
    try {
      const bytes = Uint8Array.from(atob(packed), (character) => character.charCodeAt(0));
      const unpacked = new Response(bytes).body?.pipeThrough(new DecompressionStream("deflate"));
      const code = await new Response(unpacked).text();
      url = URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
      const loaded: Module = await import(/* @vite-ignore */ url);
      store.modules[hash] = loaded;
      return loaded;
    } catch (error) {
      throw new Error(`This page did not let nbstream's code in: ${error}`);
    } finally {
      URL.revokeObjectURL(url);
      // After a refusal, another widget may try.
      delete store.waiting[hash];
    }
  });
  return { module, take };
};

/** So many messages are kept while a module is on the way. */
const MOST_EARLY = 300;
/** For so long the view's place stays empty while its module is on the way. */
const PATIENCE = 5000;
/** By this class, the static output beside a view knows that there is a live one. */
const live = ({ model, el }: Props, isLive: boolean): void => {
  el.classList.toggle(`nbstream-live-${model.get("run_id")}`, isLive);
};

export default () => {
  let start: (props: Props) => Promise<Cleanup> | Cleanup;
  const early: unknown[] = [];
  return {
    initialize({ model }: { model: AnyModel & { widget_manager?: { kernel?: Kernel } } }): () => void {
      const run_id = model.get("run_id");
      let isClosed = false;
      let close: Cleanup;
      const take = ({ code }: Code = {}): void => {
        for (const [hash, text] of Object.entries(code ?? {})) store.waiting[hash]?.take(text);
      };
      /** Tell the kernel what the page has, and what it needs. */
      const tell = (needed: string[]): void => {
        const content = { type: "code", run_id, needed, has: Object.keys(store.modules) };
        let isHeard = false;
        try {
          const kernel = model.widget_manager?.kernel;
          const header = {
            msg_id: `${run_id}-${Math.random()}`,
            msg_type: REQUEST,
            session: kernel?.clientId ?? "",
            username: "",
            date: new Date().toISOString(),
            version: "5.3",
          };
          const request = { header, parent_header: {}, metadata: {}, content, channel: "control", buffers: [] };
          const future = kernel?.sendControlMessage?.(request, true, true) as
            | { onReply?: (reply: { content: Code }) => void; done?: Promise<unknown> }
            | undefined;
          if (future !== undefined) {
            future.onReply = (reply) => {
              isHeard = true;
              take(reply.content);
            };
            future.done?.catch(() => {});
          }
        } catch {
          // The comm may still work.
        }
        setTimeout(() => !isHeard && !isClosed && model.send(content), model.widget_manager?.kernel ? 300 : 0);
      };
      const load = (name: string): Promise<Module> => {
        const hash = HASHES[name] as string;
        const loaded = store.modules[hash];
        if (loaded !== undefined) return Promise.resolve(loaded);
        const isNew = store.waiting[hash] === undefined;
        store.waiting[hash] ??= wait(hash);
        const waiting = store.waiting[hash];
        const code = CODE[hash];
        if (code !== undefined) waiting.take(code);
        else {
          // Again and again, as another widget's question may be lost with its kernel.
          let pause = isNew ? 0 : 1000;
          const ask = (): void => {
            if (isClosed || store.waiting[hash] !== waiting) return;
            tell([hash]);
            pause = Math.min(2 * pause + 1000, 15_000);
            setTimeout(ask, pause);
          };
          setTimeout(ask, pause);
        }
        return waiting.module;
      };
      const keep = (message: unknown): void => {
        // After a gap the page asks for the whole state.
        if (early.push(message) > MOST_EARLY) early.shift();
      };
      // For as long as the widget lives: some modules are loaded later.
      model.on("msg:custom", take);
      model.on("msg:custom", keep);
      const begin = (module: Module): ReturnType<Module["default"]> => {
        model.off("msg:custom", keep);
        globals[Symbol.for("nbstream.words")] = store.modules[HASHES[language] as string]?.default;
        const widget = module.default();
        close = widget.initialize({ model, early, load });
        return widget;
      };
      // A reader of traditional Chinese gets English, not simplified Chinese.
      const tag: string = model.get("language") || document.documentElement.lang;
      const language = /-(hant|tw|hk|mo)/i.test(tag) ? "" : tag.slice(0, 2);
      const needed = HASHES[language] === undefined ? NEEDED : [language, ...NEEDED];
      const missing = needed.filter((name) => store.modules[HASHES[name] as string] === undefined);
      const last = NEEDED.at(-1) as string;
      if (missing.length === 0) {
        const widget = begin(store.modules[HASHES[last] as string] as Module);
        start = (props) => widget.render(props);
      } else {
        // One after the other: a widget's module takes parts from the first.
        const widget = missing
          .reduce<Promise<unknown>>((before, name) => before.then(() => load(name)), Promise.resolve())
          .then(() => {
            if (isClosed) throw new Error("");
            if (Object.keys(CODE).length > 0) tell([]);
            return begin(store.modules[HASHES[last] as string] as Module);
          });
        widget.catch(() => {});
        start = (props) =>
          widget.then((started) => {
            live(props, true);
            return started.render(props);
          });
      }
      return () => {
        isClosed = true;
        close?.();
      };
    },
    render(props: Props): () => void {
      let isRemoved = false;
      live(props, true);
      const shown = start(props);
      let remove: Cleanup;
      if (shown instanceof Promise) {
        // The kernel may be gone, or the page may not let the module in.
        const timer = setTimeout(live, PATIENCE, props, false);
        shown.then(
          (cleanup) => {
            clearTimeout(timer);
            remove = cleanup;
            if (isRemoved) remove?.();
          },
          ({ message }: Error) => {
            clearTimeout(timer);
            live(props, false);
            if (!isRemoved) props.el.textContent = message;
          },
        );
      } else remove = shown;
      return () => {
        isRemoved = true;
        remove?.();
      };
    },
  };
};
