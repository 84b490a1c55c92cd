// A person with a real browser meets every page, in stories. On each page: axe-core finds nothing, nothing is wider than a
// narrow window, one heading of the first rank, and no request leaves for another host. Scripts are switched off.
//
// argv: the provider's URL, an authorization request, the person's address, and optionally a folder for screenshots. What the
// phone, the clock and the mail do is asked on stdout and answered on stdin, a line of JSON each.
import { createInterface } from "node:readline";
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { chromium } from "playwright-core";

const [provider, authorize, email, screenshots] = process.argv.slice(2);
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
async function ask(what) {
  console.log(JSON.stringify(what));
  return JSON.parse((await lines.next()).value);
}
const browser = await chromium.launch({
  executablePath: process.env.SCEAU_CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--no-proxy-server", "--disable-background-networking"],
});
function refuse(what) {
  console.error(what);
  process.exit(1);
}
const must = (truth, what) => truth || refuse(what);

async function person(locale = "en-GB", viewport = { width: 1100, height: 800 }) {
  const context = await browser.newContext({ javaScriptEnabled: false, locale, viewport });
  const own = [provider, new URL(new URL(authorize).searchParams.get("redirect_uri")).origin];
  context.on("request", (request) => must(own.includes(new URL(request.url()).origin), `a request to ${request.url()}`));
  return context;
}

// The same page with scripts, for axe-core: ours have none, so nothing else differs.
let shots = 0;
// What axe-core finds is told together, at the end.
const faults = [];
const seen = new Set();
async function look(page, name) {
  const size = page.viewportSize();
  for (const width of [320, size.width]) {
    await page.setViewportSize({ width, height: size.height });
    const right = await page.evaluate(() => document.documentElement.scrollWidth);
    must(right <= width, `${name} is ${right} pixels wide at ${width}`);
    if (screenshots) {
      const file = `${String(++shots).padStart(2, "0")}-${name.replaceAll(" ", "-")}-${width}.png`;
      await page.screenshot({ path: `${screenshots}/${file}`, fullPage: true });
    }
  }
  must((await page.locator("h1").count()) === 1, `${name} has not one h1`);
  const html = await page.content();
  must(!/<script/i.test(html), `${name} has a script`);
  for (const scheme of ["light", "dark"]) {
    const checker = await browser.newContext({ colorScheme: scheme, viewport: size, bypassCSP: true });
    const copy = await checker.newPage();
    // Styles and pictures come from the provider; the content is what the person sees.
    await copy.route(page.url(), (route) => route.fulfill({ contentType: "text/html; charset=utf-8", body: html.replace(/<meta http-equiv="refresh"[^>]*>/, "") }));
    await copy.goto(page.url());
    await copy.evaluate(axe);
    const { violations } = await copy.evaluate(() => axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] }));
    const told = violations.map((v) => `${v.id}: ${v.help} ${v.nodes.map((n) => n.html).join(" | ")}`);
    faults.push(...told.map((fault) => `${name}, ${scheme}: ${fault}`));
    await checker.close();
  }
  seen.add(name);
}
const handle = (page, kind) => page.locator("main").getAttribute(`data-${kind}-handle`);
async function begin(context) {
  const page = await context.newPage();
  await page.goto(authorize);
  must(/\/login\//.test(page.url()), `no login page: ${page.url()}`);
  return page;
}
const arrived = async (page) => {
  await page.waitForURL(/\/oidc-callback\?/).catch(() => refuse(`not at the client: ${page.url()}`));
  return new URL(page.url()).searchParams;
};
async function type(page, digits) {
  await page.reload();
  // The field has the focus.
  await page.locator("input:focus").waitFor();
  await page.keyboard.type(digits);
  const led = page.waitForNavigation();
  await page.keyboard.press("Enter");
  await led;
}
const another = (digits) => (digits === "000000" ? "111111" : "000000");

const stories = {
  async information() {
    for (const locale of ["fr-FR", "en-GB"]) {
      const context = await person(locale);
      const page = await context.newPage();
      for (const path of ["/", "/help", "/privacy", "/accessibility", "/account", "/recovery", "/texts/terms"]) {
        const response = await page.goto(provider + path);
        must(response.status() === 200, `${path}: ${response.status()}`);
        must((await page.locator("html").getAttribute("lang")) === locale.slice(0, 2), `${path} is not in ${locale}`);
        await look(page, `information${path.replaceAll("/", " ")} ${locale.slice(0, 2)}`);
      }
      // The switch of languages, by the keyboard alone: first the skip link, then the switch.
      await page.goto(`${provider}/help`);
      await page.keyboard.press("Tab");
      must((await page.evaluate(() => document.activeElement.className)) === "skip", "the skip link is not first");
      await page.keyboard.press("Tab");
      await page.keyboard.press("Enter");
      await page.waitForURL(/lang=/);
      must((await page.locator("html").getAttribute("lang")) !== locale.slice(0, 2), "the language did not change");
      await context.close();
    }
  },
  async qr() {
    const context = await person();
    const page = await begin(context);
    await look(page, "login");
    // Who reads slowly, or has the page read aloud, stops it from loading itself again.
    await page.getByRole("link", { name: "Do not reload by itself" }).click();
    await page.waitForURL(/reload=off/);
    must((await page.locator("meta[http-equiv=refresh]").count()) === 0, "the page still loads itself again");
    await look(page, "login still");
    const qr = await handle(page, "qr");
    await ask({ ask: "claim", handle: qr });
    await page.reload();
    await look(page, "claimed");
    const { code } = await ask({ ask: "approve", handle: qr });
    await page.reload();
    await look(page, "release");
    await type(page, code);
    must((await arrived(page)).has("code"), "no code");
    await context.close();
  },
  // What a service asks one by one may be left out, by the keyboard alone; what is essential may not.
  async attributes() {
    for (const [locale, words] of [["en-GB", ["Choose what is passed on", "sex", "birth name"]], ["fr-FR", ["Choisir ce qui est transmis", "sexe", "nom de naissance"]]]) {
      const context = await person(locale);
      const page = await context.newPage();
      const asked = new URL(authorize);
      asked.searchParams.set("scope", "openid");
      asked.searchParams.set("claims", JSON.stringify({ userinfo: { family_name: { essential: true }, gender: null, birthdate: null } }));
      await page.goto(asked.href);
      await look(page, `login with a choice ${locale.slice(0, 2)}`);
      await page.getByRole("link", { name: words[0] }).focus();
      await page.keyboard.press("Enter");
      await page.waitForURL(/attributes/);
      await look(page, `attributes ${locale.slice(0, 2)}`);
      must((await page.getByRole("checkbox").count()) === 2, "not two boxes");
      const box = page.getByLabel(words[1], { exact: true });
      await box.focus();
      await page.keyboard.press("Space");
      must(!(await box.isChecked()), "the box is still ticked");
      await page.keyboard.press("Enter");
      await page.waitForURL(/\/login\/[0-9a-f]+\?/);
      const left = await page.locator("section[aria-labelledby=attributes] li").allInnerTexts();
      must(left.length === 2 && left.includes(words[2]) && !left.includes(words[1]), `passed on: ${left}`);
      const { claims } = await ask({ ask: "claim", handle: await handle(page, "qr") });
      must(claims.join() === "birthdate,family_name,sub", `the phone shows ${claims}`);
      await page.goto(page.url().replace("?", "/attributes?"));
      must(!page.url().includes("attributes"), "a choice after the phone showed the request");
      await context.close();
    }
  },
  async "wrong code"() {
    const context = await person();
    const page = await begin(context);
    const { code } = await ask({ ask: "approve", handle: await handle(page, "qr") });
    await type(page, another(code));
    await look(page, "wrong code");
    must(await page.getByRole("alert").isVisible(), "nothing says that it was wrong");
    await type(page, another(code));
    await type(page, another(code));
    must((await arrived(page)).get("error") === "access_denied", "three wrong codes did not end it");
    await context.close();
  },
  async link() {
    const context = await person("en-GB", { width: 390, height: 800 });
    const page = await begin(context);
    const { url } = await ask({ ask: "approve", handle: await handle(page, "link") });
    await page.reload();
    await look(page, "follow");
    const stranger = await person();
    const other = await stranger.newPage();
    must((await other.goto(url)).status() === 403, "another browser went on");
    await look(other, "other browser");
    await page.goto(url);
    must((await arrived(page)).has("code"), "no code");
    await stranger.close();
    await context.close();
  },
  async "two tabs"() {
    const context = await person();
    const [one, two] = [await begin(context), await begin(context)];
    const { code } = await ask({ ask: "approve", handle: await handle(two, "qr") });
    await one.reload();
    must(await handle(one, "qr"), "the first tab went on with the second's login");
    await type(two, code);
    must((await arrived(two)).has("code"), "no code in the second tab");
    const first = await ask({ ask: "approve", handle: await handle(one, "qr") });
    await type(one, first.code);
    must((await arrived(one)).has("code"), "no code in the first tab");
    await context.close();
  },
  async back() {
    const context = await person();
    const page = await begin(context);
    const { code } = await ask({ ask: "approve", handle: await handle(page, "qr") });
    await type(page, code);
    await arrived(page);
    await page.goBack();
    must(!page.url().includes("code="), "a second code");
    must(!(await page.content()).includes("name=\"code\""), "the form of a login that is over");
    await look(page, "after back");
    await context.close();
  },
  async cancel() {
    const context = await person("fr-FR");
    const page = await begin(context);
    await page.getByRole("button", { name: /revenir à FranceConnect/ }).click();
    const answer = await arrived(page);
    must(answer.get("error") === "access_denied" && answer.get("state") === "5".repeat(64), "no refusal with state");
    await context.close();
  },
  async refused() {
    const context = await person();
    const page = await begin(context);
    await ask({ ask: "refuse", handle: await handle(page, "qr") });
    await page.reload();
    must((await arrived(page)).get("error") === "access_denied", "no refusal");
    await context.close();
  },
  async expired() {
    const context = await person();
    const page = await begin(context);
    await ask({ ask: "advance", seconds: 481 });
    await page.reload();
    await look(page, "expired");
    await page.getByRole("link", { name: "Start again" }).click();
    must((await arrived(page)).get("error") === "access_denied", "no way back");
    await context.close();
  },
  async landing() {
    // A camera without the app: explains, and can approve nothing.
    const context = await person();
    const page = await begin(context);
    const qr = await handle(page, "qr");
    const camera = await person("fr-FR", { width: 390, height: 800 });
    const landing = await camera.newPage();
    await landing.goto(`${provider}/app/${qr}`);
    must((await landing.locator("form").count()) === 0, "the landing page has a form");
    await look(landing, "landing");
    await page.reload();
    must((await page.locator("main").getAttribute("data-state")) === "pending", "the camera claimed the login");
    await landing.goto(`${provider}/authorize?client_id=nobody`);
    await look(landing, "untrusted request");
    await camera.close();
    await context.close();
  },
  async account() {
    const context = await person();
    const page = await enter(context);
    await look(page, "account");
    await page.getByRole("button", { name: "Pause" }).click();
    await look(page, "account paused");
    await page.getByRole("button", { name: "Resume" }).click();
    await approveHere(page);
    must(await page.getByText("no longer paused").isVisible(), "not resumed");
    for (const [link, name] of [["Block my identity", "block"], ["Delete my account", "delete"]]) {
      await page.getByRole("link", { name: link }).click();
      await look(page, name);
      await page.getByRole("link", { name: "Back to your account" }).click();
    }
    await page.getByRole("button", { name: "Sign out" }).click();
    await look(page, "signed out");
    await page.goto(`${provider}/account/email`);
    await look(page, "outside");
    await context.close();
  },
  async corrections() {
    const context = await person();
    const page = await enter(context);
    await page.getByRole("link", { name: "Change the e-mail address" }).click();
    await look(page, "email");
    await page.getByLabel("New e-mail address").fill(`new.${email}`);
    await page.keyboard.press("Enter");
    await page.waitForURL(/account\/email\//);
    const { code } = await ask({ ask: "mailed", to: `new.${email}` });
    await page.getByLabel("Six-digit code").fill(another(code));
    await page.keyboard.press("Enter");
    await page.getByRole("alert").waitFor();
    await look(page, "email wrong code");
    await page.getByLabel("Six-digit code").fill(code);
    await page.keyboard.press("Enter");
    await page.waitForURL(/\/login\//);
    await look(page, "approve change");
    await approveHere(page);
    must(await page.getByText(`new.${email}`).isVisible(), "the address is not changed");
    await page.getByRole("link", { name: /Correct the place/ }).click();
    await page.getByLabel(/Search for a commune/).fill("paris 12");
    await page.keyboard.press("Enter");
    await page.waitForURL(/place=/);
    await look(page, "identity");
    await page.getByLabel(/^Paris 12e/).check();
    await page.getByRole("button", { name: "Correct with my phone" }).click();
    await approveHere(page);
    must(await page.getByText("75112").first().isVisible(), "the place is not corrected");
    await page.goto(`${provider}/account/identity`);
    await page.getByLabel("Birth name").fill("Dupont");
    await page.getByRole("button", { name: "Correct with my phone" }).click();
    await page.getByRole("alert").waitFor();
    await look(page, "identity wrong");
    await context.close();
  },
  async recovery() {
    const context = await person();
    const page = await context.newPage();
    await page.goto(`${provider}/recovery`);
    const sheet = (await ask({ ask: "sheet" })).code;
    await page.getByLabel("Code of the recovery sheet").fill(sheet);
    await page.getByRole("button", { name: "Continue" }).click();
    await page.waitForURL(/recovery\//);
    await look(page, "recovery code");
    const { code } = await ask({ ask: "mailed", to: `new.${email}` });
    await page.getByLabel("Six-digit code").fill(code);
    await page.keyboard.press("Enter");
    await page.getByText("Your identity is blocked").first().waitFor();
    await look(page, "blocked");
    await context.close();
  },
};

async function enter(context) {
  const page = await context.newPage();
  await page.goto(`${provider}/account`);
  await page.getByRole("button", { name: "Go on with my phone" }).click();
  await page.waitForURL(/\/login\//);
  await approveHere(page);
  must(await page.getByRole("heading", { name: "Your account", exact: true }).isVisible(), "not entered");
  return page;
}
async function approveHere(page) {
  const { code } = await ask({ ask: "approve", handle: await handle(page, "qr") });
  await type(page, code);
  await page.waitForURL(/\/account/);
}

for (const [name, story] of Object.entries(stories)) {
  await story();
  console.log(JSON.stringify({ done: name }));
}
await browser.close();
must(faults.length === 0, faults.join("\n"));
process.exit(0);
