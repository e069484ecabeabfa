// A real provider of OpenID Connect on loopback: node server.mjs PORT SITE SECRET. Whoever types a name is that person.
import { Provider } from 'oidc-provider';

const [port, site, secret] = process.argv.slice(2);
const client = {
  client_id: 'chirrup',
  client_secret: secret,
  redirect_uris: [`${site}/login/oidc/back`],
  backchannel_logout_uri: `${site}/api/chirrup/v1/org/identity/logout`,
};
const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [client],
  claims: { email: ['email', 'email_verified'], profile: ['name', 'preferred_username'], groups: ['groups'] },
  scopes: ['openid', 'email', 'profile', 'groups'],
  features: { backchannelLogout: { enabled: true } },
  cookies: { keys: ['a key for tests'] },
  pkce: { required: () => true },
  fetch: (url, { dispatcher, ...options }) => globalThis.fetch(url, options), // it refuses loopback by itself
  findAccount: async (ctx, id) => ({
    accountId: id,
    claims: async () => ({ sub: id, name: `${id} Abc`, preferred_username: id, groups: id === 'ann' ? ['bosses'] : [] }),
  }),
});
provider.listen(Number(port), '127.0.0.1', () => console.log('ready'));
