// Owns how wide the decision's cookie is. In the tag only where the site shares its choices over its subdomains: they have one
// cookie for all of them.
// Refuses a domain that this page is not in.

const domain = tag.domains.find((one) => `.${location.hostname}`.endsWith(`.${one}`));
