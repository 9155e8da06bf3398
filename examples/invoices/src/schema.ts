/**
 * The SDL of the invoicing API, annotated with the rules that Bulwark enforces. Both servers use this text: on the
 * protected one the directives come from `bulwark.typeDefs`, on the bare one they are declared and mean nothing.
 *
 * A refused field becomes null and a null climbs to the next nullable parent, so everything guarded or owned is
 * nullable: the rest of the answer survives.
 */
export const typeDefs = /* GraphQL */ `
  enum Role { MEMBER ACCOUNTANT ADMIN }
  enum InvoiceStatus { DRAFT SENT PAID OVERDUE CANCELLED }

  "Anything that can be fetched again by its id."
  interface Node { id: ID! }

  union SearchResult = Invoice | Customer | User

  type Organisation implements Node @owner(field: "id", claim: "org") {
    id: ID!
    name: String!
    bankAccount: String @auth(roles: ["ACCOUNTANT", "ADMIN"])
    members(first: Int! = 20): [User]
    customers(first: Int! = 20): [Customer]
    invoices(first: Int! = 20, after: String, status: InvoiceStatus): InvoiceConnection
    apiKeys: [ApiKey] @auth(roles: "ADMIN")
    auditLog(first: Int! = 20): [AuditEntry] @auth(roles: "ADMIN")
  }

  type User implements Node @owner(field: "organisationId", claim: "org") {
    id: ID!
    name: String!
    role: Role!
    email: String @auth(scopes: "directory:read")
    mfaSecret: String @auth(scopes: "mfa:manage")
    organisation: Organisation
    invoices(first: Int! = 20): [Invoice]
  }

  type Customer implements Node @owner(field: "organisationId", claim: "org") {
    id: ID!
    name: String!
    taxId: String @auth(roles: ["ACCOUNTANT", "ADMIN"])
    organisation: Organisation
    invoices(first: Int! = 20): [Invoice]
  }

  type Invoice implements Node @owner(field: "organisationId", claim: "org") {
    id: ID!
    number: String!
    "The customer's own purchase order. Two companies may well use the same one."
    reference: String
    status: InvoiceStatus!
    issuedOn: String!
    dueOn: String!
    totalCents: Int!
    note: String
    organisation: Organisation
    author: User
    customer: Customer
    lines: [LineItem]
    payments: [Payment]
    "Other invoices that carry the same reference."
    sameReference(first: Int! = 10): [Invoice]
  }

  type LineItem implements Node @owner(field: "organisationId", claim: "org") {
    id: ID!
    description: String!
    quantity: Int!
    unitCents: Int!
    invoice: Invoice
  }

  type Payment implements Node @owner(field: "organisationId", claim: "org") {
    id: ID!
    amountCents: Int!
    paidAt: String!
    cardLast4: String @auth(roles: ["ACCOUNTANT", "ADMIN"])
    invoice: Invoice
  }

  type ApiKey implements Node @owner(field: "organisationId", claim: "org") @auth(roles: "ADMIN") {
    id: ID!
    name: String!
    createdAt: String!
    createdBy: User
  }

  type AuditEntry implements Node @owner(field: "organisationId", claim: "org") @auth(roles: "ADMIN") {
    id: ID!
    at: String!
    action: String!
    subjectId: ID
    actor: User
  }

  type PageInfo { hasNextPage: Boolean! endCursor: String }
  type InvoiceEdge { cursor: String! node: Invoice }
  type InvoiceConnection { edges: [InvoiceEdge!]! pageInfo: PageInfo! }

  "One month of one organisation."
  type MonthlyReport {
    month: String!
    invoices: Int!
    invoicedCents: Int!
    paidCents: Int!
    largestCustomer: String
  }

  type Tokens { accessToken: String! refreshToken: String! expiresInSeconds: Int! }

  "The secret is in this answer and nowhere else: only its hash is kept."
  type CreatedApiKey { apiKey: ApiKey secret: String! }

  input LineItemInput { description: String! quantity: Int! unitCents: Int! }

  input CreateInvoiceInput {
    customerId: ID!
    reference: String
    dueOn: String!
    note: String
    lines: [LineItemInput!]!
  }

  input UpdateInvoiceInput {
    organisationId: ID @owner(claim: "org")
    reference: String
    dueOn: String
    note: String
    status: InvoiceStatus
  }

  input InviteUserInput { name: String! email: String! role: Role! = MEMBER }

  type Query {
    "The caller, or null without a token."
    me: User
    invoice(id: ID!): Invoice
    invoices(first: Int! = 20, after: String, status: InvoiceStatus): InvoiceConnection
    search(text: String!, first: Int! = 10): [SearchResult]
    node(id: ID!): Node
    organisation(id: ID!): Organisation
    users(first: Int! = 50): [User] @auth(roles: "ADMIN")
    "Totals per month between two dates; reads every invoice and payment in between."
    reports(from: String!, to: String!): [MonthlyReport]
      @auth(roles: ["ACCOUNTANT", "ADMIN"])
      @rateLimit(max: 10, windowSeconds: 60)
  }

  type Mutation {
    login(email: String!, password: String!): Tokens
      @public
      @rateLimit(max: 20, windowSeconds: 60, by: ADDRESS)
      @rateLimit(max: 5, windowSeconds: 60, by: GLOBAL, args: ["email"])
    refresh(refreshToken: String!): Tokens @public @rateLimit(max: 30, windowSeconds: 60, by: ADDRESS)
    "Ends this session: its refresh tokens, and the access token that asks."
    logout(refreshToken: String!): Boolean @auth
    "Always true, whether or not the address is known."
    requestPasswordReset(email: String!): Boolean
      @public
      @rateLimit(max: 10, windowSeconds: 3600, by: ADDRESS)
      @rateLimit(max: 3, windowSeconds: 3600, by: GLOBAL, args: ["email"])
    createInvoice(input: CreateInvoiceInput!): Invoice @auth
    updateInvoice(id: ID!, input: UpdateInvoiceInput!): Invoice
      @owner(loader: "invoice", field: "organisationId", claim: "org")
    payInvoice(id: ID!, cardLast4: String!): Payment
      @owner(loader: "invoice", field: "organisationId", claim: "org")
    "The id of the invoice that is gone."
    deleteInvoice(id: ID!): ID
      @auth(roles: ["ACCOUNTANT", "ADMIN"])
      @owner(loader: "invoice", field: "organisationId", claim: "org")
    inviteUser(input: InviteUserInput!): User @auth(roles: "ADMIN")
    createApiKey(name: String!): CreatedApiKey @auth(roles: "ADMIN")
    "Whether there was such a key."
    revokeApiKey(id: ID!): Boolean @auth(roles: "ADMIN")
  }

  type Subscription {
    "Payments of one's own organisation, which need not be named."
    invoicePaid(organisationId: ID @owner(claim: "org", preset: true)): Invoice @auth
  }
`;
