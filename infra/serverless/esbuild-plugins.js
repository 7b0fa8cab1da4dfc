// serverless-esbuild reads no file that ends in `.ts`.
export { esbuildPlugins as default } from './esbuild-plugins.ts';
