ran.push("video");
