// Passkeys: a button asks the browser for one, and the form it stands in takes the answer. Without scripts, or in a
// browser that has none, the buttons stay hidden.
"use strict";

const hasPasskeys = () => Boolean(window.PublicKeyCredential?.parseRequestOptionsFromJSON);
const showPasskeys = () => {
  document.querySelectorAll("[data-passkey]").forEach((one) => (one.hidden = !hasPasskeys()));
  document.querySelectorAll("[data-without-passkeys]").forEach((one) => (one.hidden = hasPasskeys()));
};

const askForPasskey = ({ passkey, options }) =>
  passkey === "make"
    ? navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(JSON.parse(options)) })
    : navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(JSON.parse(options)) });

function say(button, words) {
  const problem = button.form.querySelector("[data-passkey-problem]") ?? document.createElement("p");
  problem.className = "problem";
  problem.setAttribute("role", "alert");
  problem.dataset.passkeyProblem = "";
  button.before(problem);
  problem.textContent = words;
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-passkey]");
  if (!button) return;
  event.preventDefault();
  const form = button.form;
  if (button.dataset.passkey === "make" && !form.reportValidity()) return;
  button.disabled = true;
  try {
    form.elements.passkey.value = JSON.stringify((await askForPasskey(button.dataset)).toJSON());
    form.action = button.dataset.action ?? form.action;
    form.submit();
  } catch (error) {
    const there = error.name === "InvalidStateError";
    say(button, there ? "This device has a passkey for you already." : "That was cancelled, or took too long.");
  } finally {
    button.disabled = false;
  }
});
showPasskeys();
