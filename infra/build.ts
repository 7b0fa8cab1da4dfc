import { bundleFunctions } from './bundles/bundle.ts';

await bundleFunctions();
