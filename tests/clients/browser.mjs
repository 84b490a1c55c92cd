// A person with a real browser: chooses Sceau at the demo service, approves on the virtual phone's page, types the release
// code, sees her attributes. Scripts are switched off in the browser: every page works without them.
//
// argv: the demo service's URL, the virtual phone's URL, the PIN, and optionally a folder for screenshots.
import { chromium } from "playwright-core";

const [service, phone, pin, screenshots] = process.argv.slice(2);
const browser = await chromium.launch({
  executablePath: process.env.SCEAU_CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--no-proxy-server", "--disable-background-networking"],
});
const refuse = (what) => {
  console.error(what);
  process.exit(1);
};
const options = { javaScriptEnabled: false, locale: "en-GB", viewport: { width: 1100, height: 800 } };

let shots = 0;
async function see(page, name) {
  if (screenshots) await page.screenshot({ path: `${screenshots}/${String(++shots).padStart(2, "0")}-${name}.png`, fullPage: true });
}
// Nothing is wider than the window, at a phone's width too.
async function fits(page) {
  const size = page.viewportSize();
  for (const width of [320, size.width]) {
    await page.setViewportSize({ width, height: size.height });
    const right = await page.locator("body").evaluate((body) => body.scrollWidth).catch(() => 0);
    if (right > width) refuse(`${page.url()} is ${right} pixels wide at ${width}`);
  }
}

async function login(context, approve) {
  const page = await context.newPage();
  await page.goto(service);
  await fits(page);
  await see(page, "service");
  await page.locator("main a[href], main button").first().focus();
  await page.keyboard.press("Enter");
  await see(page, "choice");
  await fits(page);
  await page.getByRole("button", { name: /sceau/i }).or(page.getByRole("link", { name: /sceau/i })).first().click();
  await page.waitForURL(/\/login\//);
  await see(page, "login");
  await fits(page);
  await approve(page);
  await page.waitForSelector("[data-claim]");
  await see(page, "claims");
  await fits(page);
  const claims = {};
  for (const row of await page.locator("[data-claim]").all()) {
    claims[await row.getAttribute("data-claim")] = (await row.innerText()).trim();
  }
  claims.acr = await page.locator("[data-acr]").first().getAttribute("data-acr");
  return claims;
}

// The other device: the code goes into the phone's page, the release code into the browser's.
async function byCode(page) {
  const held = await (await browser.newContext({ ...options, viewport: { width: 390, height: 800 } })).newPage();
  await held.goto(phone);
  await see(held, "phone");
  await held.getByLabel(/code/i).first().fill(await page.locator("main").getAttribute("data-qr-handle"));
  await held.keyboard.press("Enter");
  await see(held, "phone-request");
  await fits(held);
  await held.locator("input[name=pin]").fill(pin);
  await held.keyboard.press("Enter");
  await see(held, "phone-release");
  const digits = await held.locator("[data-release-code]").getAttribute("data-release-code");
  await page.reload();
  await see(page, "release");
  await fits(page);
  // The field has the focus.
  await page.keyboard.type(digits);
  await page.keyboard.press("Enter");
}

// The same device: the link of the page, in another tab of the browser.
async function byLink(page) {
  const tab = await page.context().newPage();
  await tab.goto(await page.getByRole("link", { name: /open the sceau app/i }).getAttribute("href"));
  await see(tab, "app");
  await tab.getByRole("link", { name: /virtual phone/i }).click();
  await tab.getByLabel(/code/i).first().focus();
  await tab.keyboard.press("Enter");
  await tab.locator("input[name=pin]").fill(pin);
  await tab.keyboard.press("Enter");
  await see(tab, "phone-resume");
  await page.goto(await tab.locator("[data-resume-url]").getAttribute("data-resume-url"));
}

for (const approve of [byCode, byLink]) {
  const context = await browser.newContext(options);
  console.log(JSON.stringify(await login(context, approve)));
}
const french = await browser.newContext({ ...options, locale: "fr-FR" });
const page = await french.newPage();
await page.goto(service);
if ((await page.locator("html").getAttribute("lang")) !== "fr") refuse("the service does not speak French");
await see(page, "service-fr");
await browser.close();
