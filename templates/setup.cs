<?cs # setup.cs: the first account of an instance ?><?cs include!"macros.cs" ?><?cs set:page.slim = "1" ?><?cs include!"head.cs" ?>
<p class="lead">This instance has no account yet. The first one may do everything.</p>
<p class="muted">When the instance was made, <code>lazarette admin init</code> printed a recovery key. It opens every backup when this server is lost: keep it somewhere else.</p>
<form class="panel" method="post" action="/setup">
<?cs call:secret() ?>
<?cs call:text(code, "code", "Setup code", "Run `lazarette admin setup-code` on the server; it prints a code that works once.") ?>
<?cs call:text(name, "name", "Your name", "") ?>
<?cs call:input(email, "email", "E-mail", "You sign in with it, and your mails go there.", "email") ?>
<?cs set:password.fresh = "1" ?><?cs call:input(password, "password", "Password", "At least 12 characters. A sentence is fine, and so is a password manager.", "password") ?>
<div class="actions"><?cs call:button("Set up", "primary") ?></div>
</form>
<?cs include!"foot.cs" ?>
