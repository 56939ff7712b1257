// A stand-in for a counter without persons: it shows that it ran.
sessionStorage.setItem("opened", "1");
document.querySelector("#measurement").textContent = "on";
