import { describe, expect, it } from "vitest";
import { Later } from "../src/later";

describe("a module that comes later", () => {
  it("is loaded once, and all who wait for it are told once", async () => {
    const later = new Later<{ name: string }>("part");
    const [asked, told]: [string[], string[]] = [[], []];
    let give: (module: unknown) => void = () => {};
    const load = (name: string): Promise<unknown> => {
      asked.push(name);
      return new Promise((resolve) => {
        give = resolve;
      });
    };
    const [one, two] = [(): number => told.push("one"), (): number => told.push("two")];
    later.want(load, one);
    later.want(load, one);
    later.want(load, two);
    expect([later.module, asked, told]).toEqual([undefined, ["part"], []]);
    give({ name: "it" });
    await Promise.resolve();
    expect([later.module, told]).toEqual([{ name: "it" }, ["one", "two"]]);
    later.want(load, one);
    expect([asked, told]).toEqual([["part"], ["one", "two"]]);
  });
});
