// Builds the page's files into the Python package. `--watch` builds again after every change;
// `--player FOLDER` builds the player of the documentation into that folder instead.
// `--serve` serves the preview of all states, which is built when it is requested.
//
// `reply.js` holds the live reply and what other widgets share with it (`src/shared.ts`). Each
// other widget is a module of its own that takes those parts from it at run time. The words of each
// language but English are a module as well, made of its catalogue (`language.mjs`).
import { createHash } from "node:crypto";
import { mkdirSync, watch, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { build, context, transform } from "esbuild";
import { CATALOGUES, languages, words } from "./language.mjs";

const ROOT = import.meta.dirname;
const STATIC = join(ROOT, "../nbstream/static");
/** Modules besides the reply, by name; each is loaded when it is first used. */
const WIDGETS = {
  chat_panel: "src/chat_panel/chat_panel.ts",
  inspector: "src/inspector/inspector.ts",
  compare: "src/compare/compare.ts",
  usage: "src/usage/usage.ts",
  calls: "src/calls.ts",
  reply_view: "src/instruments/reply_view.ts",
};
/** Modules that share nothing, as they are needed without a reply. */
const ALONE = { stub: "src/stub.ts", cells: "src/cells.ts" };

const options = {
  absWorkingDir: ROOT,
  bundle: true,
  format: "esm",
  target: "es2022",
  charset: "utf8",
  legalComments: "none",
  logLevel: "info",
};

/** Style sheets that are imported with `?inline` are text, minified. */
const styles = {
  name: "styles",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /\.css\?inline$/ }, ({ path, resolveDir }) => ({
      path: join(resolveDir, path.replace("?inline", "")),
      namespace: "styles",
    }));
    onLoad({ filter: /.*/, namespace: "styles" }, async ({ path }) => {
      const options = { loader: "css", minify: true, charset: "utf8" };
      const { code } = await transform(await readFile(path, "utf8"), options);
      // esbuild keeps this space, as a variable would be given it by a script.
      const contents = code.trim().replaceAll(/(var\(--[\w-]+), /g, "$1,");
      return { contents, loader: "text", watchFiles: [path] };
    });
  },
};

/**
 * Takes what a widget imports of `shared.ts` from the reply's module, which is loaded before. Each is
 * a call without effect, so that the bundle has none that the widget does not import.
 */
const shared = (names, hash) => ({
  name: "shared",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /\/shared$/ }, () => ({ path: "shared", namespace: "shared" }));
    onLoad({ filter: /.*/, namespace: "shared" }, () => ({
      contents: [
        `const reply = globalThis[Symbol.for("nbstream.modules")].modules[${JSON.stringify(hash)}];`,
        ...names.map((name) => `export const ${name} = /* @__PURE__ */ (() => reply.${name})();`),
      ].join("\n"),
    }));
  },
});

async function bundle(entryPoint, plugins, more = {}) {
  const { outputFiles, metafile } = await build({
    ...options,
    ...more,
    entryPoints: [entryPoint],
    outdir: "out",
    minify: true,
    write: false,
    metafile: true,
    plugins: [styles, ...plugins],
    logLevel: "warning",
  });
  const [output] = Object.values(metafile.outputs);
  return { code: outputFiles[0].text, inputs: Object.keys(output.inputs), exports: output.exports };
}

function write(name, code, folder = STATIC) {
  writeFileSync(join(folder, `${name}.js`), code);
  process.stdout.write(`${name}.js  ${(Buffer.byteLength(code) / 1000).toFixed(1)} kB\n`);
}

async function buildAll() {
  mkdirSync(STATIC, { recursive: true });
  for (const [name, entryPoint] of Object.entries(ALONE)) write(name, (await bundle(entryPoint, [])).code);
  for (const name of languages()) write(name.split("_")[0], `export default ${JSON.stringify(words(name))};`);
  const reply = await bundle("src/reply.ts", []);
  write("reply", reply.code);
  const hash = createHash("sha256").update(reply.code).digest("hex").slice(0, 16);
  const names = reply.exports.filter((name) => name !== "default");
  for (const [name, entryPoint] of Object.entries(WIDGETS)) {
    const { code, inputs } = await bundle(entryPoint, [shared(names, hash)]);
    const twice = inputs.filter((each) => reply.inputs.includes(each));
    if (twice.length > 0) {
      throw new Error(`${name} bundles what reply.js has already; import it from "shared": ${twice.join(", ")}`);
    }
    write(name, code);
  }
}

/** A script of its own, as a browser loads no module from a file. */
async function buildPlayer(folder) {
  write("player", (await bundle("src/player/player.ts", [], { format: "iife" })).code, folder);
}

if (process.argv.includes("--player")) {
  await buildPlayer(process.argv[process.argv.indexOf("--player") + 1]);
} else if (process.argv.includes("--serve")) {
  const entryPoints = ["preview/*.ts"];
  const preview = await context({ ...options, entryPoints, outdir: "preview", write: false, plugins: [styles] });
  const { port } = await preview.serve({ host: "127.0.0.1", servedir: "preview" });
  process.stdout.write(`http://127.0.0.1:${port}/\n`);
} else {
  await buildAll();
  if (process.argv.includes("--watch")) {
    process.stdout.write("To see changes in a notebook, start Jupyter with NBSTREAM_DEV=1 and run the cell again.\n");
    let timer;
    for (const folder of [join(ROOT, "src"), CATALOGUES]) {
      watch(folder, { recursive: true }, () => {
        clearTimeout(timer);
        timer = setTimeout(() => buildAll().catch((error) => process.stderr.write(`${error.message}\n`)), 100);
      });
    }
  }
}
