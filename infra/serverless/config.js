// serverless.yml reads no file that ends in `.ts`.
export * from './config.ts';
