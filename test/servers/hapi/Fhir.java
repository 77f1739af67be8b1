import ca.uhn.fhir.batch2.api.IJobMaintenanceService;
import ca.uhn.fhir.batch2.jobs.export.BulkDataExportProvider;
import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.jpa.search.DatabaseBackedPagingProvider;
import ca.uhn.fhir.jpa.test.config.TestR4Config;
import ca.uhn.fhir.rest.api.EncodingEnum;
import ca.uhn.fhir.rest.server.RestfulServer;
import ca.uhn.fhir.rest.server.provider.ResourceProviderFactory;
import org.eclipse.jetty.ee10.servlet.ServletContextHandler;
import org.eclipse.jetty.ee10.servlet.ServletHolder;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;

/** HAPI's own JPA server for R4 with its database in memory: Fhir PORT. */
public class Fhir {
	public static void main(String[] args) throws Exception {
		// The port opens at once; who calls before the server is ready waits for his answer.
		var server = new Server();
		var connector = new ServerConnector(server);
		connector.setHost("127.0.0.1");
		connector.setPort(Integer.parseInt(args[0]));
		connector.open();
		server.addConnector(connector);

		var spring = new AnnotationConfigApplicationContext(TestR4Config.class);
		var fhir = new RestfulServer(spring.getBean(FhirContext.class));
		fhir.setDefaultResponseEncoding(EncodingEnum.JSON);
		fhir.registerProviders(((ResourceProviderFactory) spring.getBean("myResourceProvidersR4")).createProviders());
		fhir.registerProvider(spring.getBean("mySystemProviderR4"));
		fhir.registerProvider(spring.getBean(BulkDataExportProvider.class));
		fhir.setPagingProvider(spring.getBean(DatabaseBackedPagingProvider.class));

		var handler = new ServletContextHandler("/");
		handler.addServlet(new ServletHolder(fhir), "/fhir/*");
		server.setHandler(handler);
		server.start();
		System.out.println("ready");

		// The configuration for tests leaves the scheduler off; exports are made by its jobs.
		var jobs = spring.getBean(IJobMaintenanceService.class);
		while (true) {
			Thread.sleep(500);
			jobs.runMaintenancePass();
		}
	}
}
