// Tests of a package that does not depend on a Redis client take it from here.
export { Cluster, Redis } from 'ioredis';
export { createClient, createCluster } from 'redis';
