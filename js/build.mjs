// Builds the page's files into the Python package. `--watch` builds again after every change;
// `--serve` serves the preview of all states, which is built when it is requested.
import { context } from "esbuild";

const options = {
  absWorkingDir: import.meta.dirname,
  bundle: true,
  format: "esm",
  target: "es2022",
  charset: "utf8",
  legalComments: "none",
  logLevel: "info",
};

if (process.argv.includes("--serve")) {
  const preview = await context({ ...options, entryPoints: ["preview/preview.ts"], outdir: "preview", write: false });
  const { port } = await preview.serve({ host: "127.0.0.1", servedir: "preview" });
  process.stdout.write(`http://127.0.0.1:${port}/\n`);
} else {
  const entryPoints = { reply: "src/reply.ts", cells: "src/cells.ts" };
  const reply = await context({ ...options, entryPoints, outdir: "../nbstream/static", minify: true });
  if (process.argv.includes("--watch")) {
    await reply.watch();
    process.stdout.write("To see changes in a notebook, start Jupyter with ANYWIDGET_HMR=1 and install watchfiles.\n");
  } else {
    await reply.rebuild();
    await reply.dispose();
  }
}
