CookieConsent.run({
  // It takes a driven browser for a bot.
  hideFromBots: false,
  guiOptions: {
    consentModal: { layout: "bar", position: "bottom" },
    preferencesModal: { layout: "box" },
  },
  categories: { necessary: { enabled: true, readOnly: true }, analytics: {}, video: {} },
  language: {
    default: "en",
    translations: {
      en: {
        consentModal: {
          title: "Your privacy",
          description:
            "May we count visits and show our studio videos? Both are optional, nothing runs unless you say yes, and you can change your choice at any time.",
          acceptAllBtn: "Accept all",
          acceptNecessaryBtn: "Reject all",
          showPreferencesBtn: "Manage",
        },
        preferencesModal: {
          title: "Privacy choices",
          acceptAllBtn: "Accept all",
          acceptNecessaryBtn: "Reject all",
          savePreferencesBtn: "Save choices",
          closeIconLabel: "Close without choosing",
          sections: [
            {
              title: "Necessary",
              description: "Keeps your basket and remembers the choice you make here.",
              linkedCategory: "necessary",
            },
            {
              title: "Analytics",
              description: "Counts visits and shows us which pages are useful.",
              linkedCategory: "analytics",
            },
            {
              title: "Video",
              description: "Shows our studio videos, which another company plays.",
              linkedCategory: "video",
            },
          ],
        },
      },
    },
  },
});
