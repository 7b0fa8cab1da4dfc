export { stop as default } from './started-cluster.ts';
