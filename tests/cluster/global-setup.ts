export { start as default } from './started-cluster.ts';
