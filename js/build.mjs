// Builds the page's two files into the Python package; with `--serve`, also serves `preview.html` and builds on demand.
import { context } from "esbuild";

const build = await context({
  entryPoints: { reply: "src/reply.ts" },
  absWorkingDir: import.meta.dirname,
  outdir: "../nbstream/static",
  bundle: true,
  format: "esm",
  target: "es2022",
  minify: true,
  charset: "utf8",
  legalComments: "none",
  logLevel: "info",
});
await build.rebuild();
if (process.argv.includes("--serve")) {
  const { port } = await build.serve({ host: "127.0.0.1", servedir: ".." });
  process.stdout.write(`http://127.0.0.1:${port}/js/preview.html\n`);
} else {
  await build.dispose();
}
