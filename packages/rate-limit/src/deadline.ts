export { within } from '@graphql-bulwark/core';
