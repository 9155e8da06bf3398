/** Tokens that are bound to a key (RFC 9449): the value for `authenticate: { dpop: dpop({ ... }) }`. */
export { type DpopOptions, dpop, type ProofVerifier } from '@graphql-bulwark/authentication/dpop';
