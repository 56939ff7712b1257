ran.push("slow");
