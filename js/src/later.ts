/** Modules that are loaded when something needs them for the first time. */

/** Loads the module `name` of the page's code, from the page or from the kernel. */
export type Load = (name: string) => Promise<unknown>;

/** A module that comes later. */
export class Later<Module> {
  /** Undefined until it is there. */
  module: Module | undefined;
  readonly #name: string;
  /** Who waits for it. */
  readonly #waiting = new Set<() => void>();

  constructor(name: string) {
    this.#name = name;
  }

  /** Load it if it is not there; `onLoaded` is called when it is, once for any number of calls. */
  want(load: Load, onLoaded: () => void): void {
    if (this.module !== undefined) return;
    const isFirst = this.#waiting.size === 0;
    this.#waiting.add(onLoaded);
    if (isFirst) void load(this.#name).then((module) => this.provide(module as Module));
  }

  provide(module: Module): void {
    this.module = module;
    for (const each of this.#waiting) each();
    this.#waiting.clear();
  }
}

/** Tool calls: their cards, and the question whether one may run. */
export const calls = new Later<typeof import("./calls")>("calls");
