// Loaded before a program that Node must run as TypeScript: an older Node would end with a stack trace instead.
if (!process.features.typescript) {
  console.error(
    `Node ${process.version} does not run TypeScript. The Node of this project is missing in node_modules: run npm ci, without --ignore-scripts.`,
  );
  process.exit(1);
}
