// Shows the OpenAPI document; requests of this page carry the session's CSRF token.
addEventListener("DOMContentLoaded", () => {
  const place = document.getElementById("docs");
  window.SwaggerUIBundle({
    url: place.dataset.spec,
    domNode: place,
    deepLinking: true,
    requestInterceptor(request) {
      request.headers["X-CSRF-Token"] = document.querySelector('meta[name="csrf-token"]').content;
      return request;
    },
  });
});
