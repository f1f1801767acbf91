/**
 * Typesets formulas with MathJax 3, as JupyterLab and Notebook 7 configure it, and with MathJax 2,
 * as nbconvert's HTML template does.
 *
 * With `--names` it prints the commands and environments that both know. Otherwise
 * standard input is a JSON list of `[tex, display]`. Standard output is a JSON list of
 * `[error of MathJax 3, error of MathJax 2]`, each "" if the formula was typeset. The extensions
 * `noerrors` and `noundefined` are left out, because they show the source instead of an error.
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname } from "node:path";
import { pathToFileURL } from "node:url";
import { JSDOM } from "jsdom";

const require = createRequire(import.meta.url);
const EXTENSIONS = ["AMSmath", "AMSsymbols"].map((name) => `extensions/TeX/${name}.js`);

function mathJax3() {
  const { mathjax } = require("mathjax-full/js/mathjax.js");
  const { TeX } = require("mathjax-full/js/input/tex.js");
  const { CHTML } = require("mathjax-full/js/output/chtml.js");
  const { liteAdaptor } = require("mathjax-full/js/adaptors/liteAdaptor.js");
  const { ConfigurationHandler } = require("mathjax-full/js/input/tex/Configuration.js");
  const { MapHandler } = require("mathjax-full/js/input/tex/MapHandler.js");
  const { RegisterHTMLHandler } = require("mathjax-full/js/handlers/html.js");
  const { AllPackages } = require("mathjax-full/js/input/tex/AllPackages.js");
  RegisterHTMLHandler(liteAdaptor());
  const input = new TeX({
    packages: AllPackages.filter((name) => !["noerrors", "noundefined"].includes(name)),
    formatError: (_, error) => {
      throw error;
    },
  });
  const page = mathjax.document("", { InputJax: input, OutputJax: new CHTML() });
  const names = AllPackages.flatMap((name) => {
    const handler = ConfigurationHandler.get(name).handler;
    return [...handler.macro, ...handler.delimiter, ...handler.environment].flatMap((map) => [
      ...(MapHandler.getMap(map).map?.keys() ?? []),
    ]);
  });
  return { names, typeset: (tex, display) => void page.convert(tex, { display }) };
}

async function mathJax2() {
  const folder = pathToFileURL(dirname(require.resolve("mathjax/MathJax.js")));
  const settings = {
    skipStartupTypeset: true,
    messageStyle: "none",
    jax: [],
    extensions: [],
    TeX: { equationNumbers: { autoNumber: "AMS", useLabelIds: true } },
  };
  const { window } = new JSDOM("<!doctype html><body></body>", {
    url: `${folder}/page.html`,
    runScripts: "dangerously",
    resources: "usable",
  });
  window.MathJax = settings;
  const script = window.document.createElement("script");
  script.src = `${folder}/MathJax.js`;
  window.document.head.append(script);
  await new Promise((resolve) => {
    const wait = () => {
      if (window.MathJax.isReady) resolve();
      else setTimeout(wait, 5);
    };
    wait();
  });
  const { MathJax } = window;
  for (const file of ["jax/element/mml/jax.js", "jax/input/TeX/config.js", "jax/input/TeX/jax.js", ...EXTENSIONS]) {
    await new Promise((resolve) => MathJax.Ajax.Require(`[MathJax]/${file}`, resolve));
  }
  const { Definitions } = MathJax.InputJax.TeX;
  const names = Object.values(Definitions).flatMap((table) => (typeof table === "object" ? Object.keys(table) : []));
  const typeset = async (tex, display) => {
    for (;;) {
      try {
        MathJax.InputJax.TeX.resetEquationNumbers(0, true);
        MathJax.InputJax.TeX.Parse(tex, { mode: display ? "display" : "inline", display }).mml();
        return;
      } catch (error) {
        // An extension that is loaded when a macro of it is met.
        if (!error.restart) throw error;
        await new Promise((resolve) => MathJax.Callback.After(resolve, error.restart));
      }
    }
  };
  return { names, typeset };
}

const engines = [mathJax3(), await mathJax2()];

/** Print the commands and environments that both know. */
function printNames() {
  const [one, two] = engines.map(({ names }) => new Set(names.map((name) => name.replace(/^\\/, ""))));
  const both = [...one].filter((name) => two.has(name) && /^[A-Za-z]+\*?$/.test(name));
  process.stdout.write(`${both.sort().join("\n")}\n`);
}

async function printErrors() {
  const results = [];
  for (const [tex, display] of JSON.parse(readFileSync(0, "utf8"))) {
    const result = [];
    for (const { typeset } of engines) {
      try {
        await typeset(tex, display);
        result.push("");
      } catch (error) {
        result.push(String(error.message ?? error) || "error");
      }
    }
    results.push(result);
  }
  process.stdout.write(JSON.stringify(results));
}

if (process.argv.includes("--names")) printNames();
else await printErrors();
process.exit(0);
